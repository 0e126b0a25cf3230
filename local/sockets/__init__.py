"""The listening sockets: HTTP and WebSocket on one port."""
