"""The page that shows the server at work."""
