"""What it costs, measured beside what else there is: `make bench`."""

from local import LAYER, ROOT

__all__ = ["LAYER", "ROOT"]
