"""Lambda's part: running the functions, and tools for their events."""
