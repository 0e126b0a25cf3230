"""A client's view of a signaling server for y-webrtc: `make check URL=...`."""

from local import LAYER  # this puts the layer on the path

__all__ = ["LAYER"]
