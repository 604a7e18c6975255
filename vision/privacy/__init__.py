"""What people agreed to, how long a face is kept, who looked at it, and how it goes."""
