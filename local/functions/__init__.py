"""Lambda's part: where the functions run, and what is done with their events."""
