"""Who came: from a recording to faces, persons and visits."""
