"""Whether a face is recognised, what people agreed to, how long it is kept, who looked at it, and how it goes."""
