"""A client's view of a signaling server for y-webrtc: `make check URL=...`."""

from local import LAYER  # and the layer is on the path

__all__ = ["LAYER"]
