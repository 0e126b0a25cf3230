"""An owner's commands for a live stack: listing rooms and closing connections."""

from local import LAYER  # this puts the layer on the path

__all__ = ["LAYER"]
