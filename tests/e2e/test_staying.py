"""Pages that are connected lose each other, or leave: `make staying` is the long form of this."""

from collections.abc import Sequence

from rig.pages.staying import staying_place
from rig.pages.stays import Break, Kind, Leaving, Trial
from rig.servers import StartLocalServer

PATIENCE = 4.0
"""Other tests run beside these."""

HANDLES_IN_ORDER, LETS_OVERTAKE = "0:0", "0:300"


def test_pages_whose_connections_fail_get_them_back(local_server: StartLocalServer) -> None:
    kinds: list[Kind] = [
        *(Break("error"), Break("error")),
        *(Break("one"), Break("one")),
        Break("close", pages=3),
    ]
    hold(local_server, kinds, abreast=5)


def test_pages_that_destroy_providers_leave_nothing_behind(local_server: StartLocalServer) -> None:
    hold(local_server, [Leaving("destroy"), Leaving("beside")], abreast=2)


def hold(local_server: StartLocalServer, kinds: Sequence[Kind], abreast: int) -> None:
    urls = [
        local_server("--latency", latency).websocket_url
        for latency in (HANDLES_IN_ORDER, LETS_OVERTAKE)
    ]
    trials = [Trial(kind, url) for url in urls for kind in kinds]
    with staying_place(PATIENCE) as staying:
        wrong = [stay for stay in staying.hold(trials, abreast) if stay.wrong]
    assert not wrong, "\n".join(line for stay in wrong for line in (*stay.wrong, *stay.trace))
