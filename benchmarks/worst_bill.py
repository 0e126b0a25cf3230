"""The most that hostile clients can cost an owner in an hour, by the limits of the template."""

from collections.abc import Mapping
from typing import NamedTuple

from samtranslator.yaml_helper import yaml_parse

from benchmarks import ROOT
from benchmarks.measure import significant
from benchmarks.report import table
from local.sam.parameters import values_of
from signaling.rooms import SMALL_ROOM
from traffic.costs import INVOCATION_SECONDS, MEMORY_MEGABYTES
from traffic.prices import Prices

REQUESTS_A_SECOND = 10_000
"""Of all APIs of an account in a Region, posts among them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

_SECONDS = 3_600
_UNITS_OF_A_FULL_READ = 7
"""Read units for the first page of a room of 100 or more, as `make bench ROWS=growth` finds."""

COLUMNS = ("hostile clients", "at most, a second", "an hour", "what bounds it")


class Attack(NamedTuple):
    """What hostile clients do over and over again."""

    what: str
    a_second: float
    dollars_each: float
    bounded_by: str

    @property
    def dollars_an_hour(self) -> float:
        """What it costs the owner."""
        return self.a_second * _SECONDS * self.dollars_each


def attacks(limits: Mapping[str, float]) -> list[Attack]:
    """Return what hostile clients can do most of, by the template's parameters, dearest first."""
    prices = Prices()
    message = (
        prices.websocket_message
        + prices.invocation
        + INVOCATION_SECONDS * MEMORY_MEGABYTES / 1024 * prices.gigabyte_second
    )
    read = _UNITS_OF_A_FULL_READ * prices.read_unit
    messages, routes = limits["MessageRateLimit"], limits["RouteRateLimit"]
    recipients = max(limits["MaxRecipients"], SMALL_ROOM)
    topics = limits["MaxTopics"]
    found = [
        Attack(
            f"enter {topics:.0f} new rooms with each message, and disconnect",
            messages,
            message + topics * 4 * prices.write_unit,
            "MessageRateLimit, MaxTopics",
        ),
        Attack(
            f"publish to {recipients:.0f} sockets of their own",
            min(messages, REQUESTS_A_SECOND / (recipients + 1)),
            message + read + recipients * prices.websocket_message,
            "AWS's 10,000 requests a second, MessageRateLimit, MaxRecipients",
        ),
        Attack(
            "announce themselves in a room of more than 100",
            messages,
            message
            + 8 * prices.websocket_message
            + 19 * prices.write_unit
            + (_UNITS_OF_A_FULL_READ + 5) * prices.read_unit,
            "MessageRateLimit",
        ),
        Attack(
            "open connections and keep them",
            routes,
            2 * (message - prices.websocket_message) + 30 * prices.connection_minute,
            "RouteRateLimit",
        ),
        Attack("send pings", routes, 2 * prices.websocket_message, "RouteRateLimit"),
    ]
    return sorted(found, key=lambda each: -each.dollars_an_hour)


def worst_bill() -> str:
    """Return a table of attacks on a stack with the template's defaults."""
    declared = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    defaults = values_of(declared, {})
    limits = {name: float(value) for name, value in defaults.items() if value.isdecimal()}
    rows = [
        (
            each.what,
            f"{each.a_second:,.0f}",
            f"${significant(each.dollars_an_hour)}",
            each.bounded_by,
        )
        for each in attacks(limits)
    ]
    return table(COLUMNS, rows, alignment="---")
