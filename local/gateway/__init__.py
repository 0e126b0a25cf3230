"""API Gateway's part: connections, routes, throttles, authorizers and events."""
