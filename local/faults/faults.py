"""All faults of a plan, placed between the functions and the services that they use."""

from collections import Counter
from functools import partial

from aiohttp.typedefs import Middleware

from local.clients import direct_clients
from local.faults.functions import Instances
from local.faults.plan import RATES, Dice, Plan
from local.faults.services import FaultyTable, faulty_posts
from local.faults.table import faulty_table
from local.functions.loading import Load
from signaling import bootstrap


class Faults:
    """The faults of one local server."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._dice = {part: Dice(plan, part) for part in RATES}
        self._instances = Instances(
            plan.cold_seconds, self._dice["functions"], self._dice["disconnects"]
        )
        self._table: FaultyTable | None = None
        self.load: Load = self._instances.load
        """Loads a function that may start slowly or be killed."""
        self.middlewares: list[Middleware] = (
            [faulty_posts(self._dice["posts"])] if plan.of("posts") else []
        )
        """Make requests to @connections fail."""

    async def begin(self, posts: str, table: str | None) -> None:
        """Intercept requests to @connections at `posts`, and to the DynamoDB at `table`.

        Without a `table` the rooms are in memory, behind the adapters that are installed.

        Raises:
            ValueError: the table uses TLS.
        """
        adapters = bootstrap.installed()
        if table is None:
            if self._plan.of("posts"):
                # Over HTTP, so that the functions' own client meets the faults.
                direct_clients(table, posts)
                bootstrap.reset()
                adapters = adapters._replace(connections=bootstrap.installed().connections)
            if self._plan.of("table"):
                faulty = partial(faulty_table, adapters.subscriptions, self._dice["table"])
                adapters = adapters._replace(subscriptions=faulty)
        elif self._plan.of("table"):
            self._table = FaultyTable(table, self._dice["table"])
            direct_clients(await self._table.start(), posts)
            bootstrap.reset()
            adapters = bootstrap.installed()
        bootstrap.install(self._instances.adapters(adapters))

    async def end(self) -> str:
        """Stop, and return how often each fault was made."""
        if self._table:
            await self._table.stop()
        made = sum((dice.made for dice in self._dice.values()), Counter[str]())
        return ", ".join(f"{name} {number}" for name, number in made.items()) or "none"
