"""The most that hostile clients can cost an owner in an hour, by the limits of the template."""

from collections.abc import Mapping
from typing import NamedTuple

from samtranslator.yaml_helper import yaml_parse

from benchmarks import ROOT
from local.sam.parameters import values_of
from rig.measure import significant
from rig.report import table
from signaling.bounds import LISTED_FIRST, LISTED_LAST
from signaling.crowded_rooms import HEARD, SECONDS_UNTIL_HEARD
from signaling.introductions import CROWDED, SECONDS_UNTIL_HEARD_AGAIN
from signaling.large_rooms import INTRODUCED
from signaling.small_rooms import SMALL_ROOM
from traffic.costs import INVOCATION_SECONDS, MEMORY_MEGABYTES
from traffic.prices import Prices

REQUESTS_A_SECOND = 10_000
"""Of all APIs of an account in a Region, posts among them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
"""

_SECONDS = 3_600
_SECONDS_OF_RETRIES = 1.6
"""The longest that a function waits in all for a table that refuses its requests."""

_READ, _SAMPLE, _PEER = 7, 4, 1
"""Read units for the first page of a room of 100 or more, for a sample, and for a peer."""

_LISTED, _NOTE = 9, 8
"""Rows that an announce in a large room writes beside its own, and write units to note an offer."""


class Attack(NamedTuple):
    """What hostile clients do over and over again, as often as they can."""

    what: str
    a_second: float
    bounded_by: str
    messages: float = 1
    """Billed by API Gateway for each: in, out and posted."""
    invocations: int = 1
    write_units: float = 0
    """Half of them of the index."""
    read_units: float = 0
    connected_minutes: float = 0
    waiting_seconds: float = 0
    """For which an invocation waits."""

    def dollars_an_hour(self, max_write_units: float, max_read_units: float) -> float:
        """Return what it costs the owner of a table with such limits.

        What DynamoDB refuses costs nothing there, but the function that asks again costs its time.
        """
        prices = Prices()
        writes = self.a_second * self.write_units
        reads = self.a_second * self.read_units
        is_refused = writes > 2 * max_write_units or reads > max_read_units
        seconds = _SECONDS_OF_RETRIES if is_refused else INVOCATION_SECONDS
        seconds += self.waiting_seconds
        invocation = prices.invocation + seconds * MEMORY_MEGABYTES / 1024 * prices.gigabyte_second
        each = (
            self.messages * prices.websocket_message
            + self.invocations * invocation
            + self.connected_minutes * prices.connection_minute
        )
        return _SECONDS * (
            self.a_second * each
            + min(writes, 2 * max_write_units) * prices.write_unit
            + min(reads, max_read_units) * prices.read_unit
        )


def attacks(limits: Mapping[str, float]) -> list[tuple[Attack, float]]:
    """Return what hostile clients can do most of by the template's parameters, dearest first.

    Beside each, dollars an hour.
    """
    messages, routes = limits["MessageRateLimit"], limits["RouteRateLimit"]
    recipients = max(limits["MaxRecipients"], SMALL_ROOM)
    topics = limits["MaxTopics"]
    found = [
        Attack(
            f"enter {topics:.0f} new rooms with each message, and disconnect",
            messages,
            "MaxWriteUnits, MessageRateLimit, MaxTopics",
            write_units=4 * topics,
        ),
        Attack(
            f"publish to {recipients:.0f} sockets of their own",
            min(messages, REQUESTS_A_SECOND / (recipients + 1)),
            "AWS's 10,000 requests a second, MessageRateLimit, MaxRecipients",
            messages=1 + recipients,
            read_units=_READ,
        ),
        Attack(
            "announce themselves in a room of more than 100",
            messages,
            "MessageRateLimit, MaxReadUnits, MaxWriteUnits",
            messages=1 + INTRODUCED,
            write_units=2 * (1 + _LISTED),
            read_units=_READ + _SAMPLE,
        ),
        Attack(
            "make offers in a room of more than 100, to a peer that six claim to be",
            messages,
            "MessageRateLimit, MaxReadUnits, MaxWriteUnits",
            messages=1 + LISTED_FIRST + LISTED_LAST,
            write_units=_NOTE * (LISTED_FIRST + LISTED_LAST),
            read_units=_READ + 2 * _PEER,
        ),
        Attack(
            f"enter a room of {CROWDED} over a new connection each time",
            min(messages, routes, REQUESTS_A_SECOND / (CROWDED + HEARD + 1)),
            "AWS's 10,000 requests a second, RouteRateLimit, MessageRateLimit",
            messages=1 + CROWDED + HEARD,
            invocations=3,
            write_units=4,
            read_units=4,
            waiting_seconds=SECONDS_UNTIL_HEARD / 3,  # one of the three invocations
        ),
        Attack(
            "announce themselves again",
            messages,
            "MessageRateLimit",
            write_units=1,
            read_units=1,
            waiting_seconds=SECONDS_UNTIL_HEARD_AGAIN,
        ),
        Attack(
            "open connections and keep them",
            routes,
            "RouteRateLimit",
            messages=0,
            invocations=2,
            connected_minutes=30,
        ),
        Attack("send pings", routes, "RouteRateLimit", messages=2, invocations=0),
    ]
    units = limits["MaxWriteUnits"], limits["MaxReadUnits"]
    priced = [(each, each.dollars_an_hour(*units)) for each in found]
    return sorted(priced, key=lambda each: -each[1])


def worst_bill() -> str:
    """Return a table of attacks on a stack with the template's defaults."""
    declared = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    defaults = values_of(declared, {})
    limits = {name: float(value) for name, value in defaults.items() if value.isdecimal()}
    rows = [
        (each.what, f"{each.a_second:,.0f}", f"${significant(dollars)}", each.bounded_by)
        for each, dollars in attacks(limits)
    ]
    columns = ("hostile clients", "at most, a second", "an hour", "what bounds it")
    return table(columns, rows, alignment="---")
