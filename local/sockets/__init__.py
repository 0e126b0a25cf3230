"""What listens: HTTP and WebSocket on one port."""
