"""Signaling for y-webrtc: rooms on top of two ports, subscriptions and connections."""

from signaling import joined

joined.install()
