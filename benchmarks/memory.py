"""What a function's memory buys: latency of a first and of a warm publish, and what they cost.

Lambda gives a function as much of a processor as it has of 1,769 MB, but a whole one while it is
imported: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.measure import Share, can_limit_cpu, in_turns, significant, spread
from benchmarks.report import Bar, Check, Report
from benchmarks.runtime import LAMBDAS_BOOTSTRAP, Deployed, Life, python_version
from benchmarks.stub import Stub
from local.sam.template import load
from benchmarks import ROOT
from traffic.prices import AS_OF, Prices

WHOLE_PROCESSOR = 1769
"""Megabytes that have one."""

_SIZES = (128, 192, 256, 384, 512, 768, 1024, WHOLE_PROCESSOR)
_ROOMS = (1, 8, 35)
_MILLISECONDS = 5
_ROUNDS, _WARM = 5, 10
