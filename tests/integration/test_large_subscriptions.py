"""What every adapter of the port `Subscriptions` does for large rooms."""

from collections import Counter
from uuid import uuid4

from local.sam.template import Stack
from local.table.dynamodb import make_table
from rig.aws import dynamodb_client
from signaling.aws import lean, sdk
from signaling.bounds import SAMPLE
from signaling.ports import Subscriber, Subscriptions
from signaling.protocol import Announce
from tests.support.subscriptions import CONNECTED_AT, announce, announced, members, of_table, sender


def enter(subscriptions: Subscriptions, *connections: str) -> None:
    for connection in connections:
        subscriptions.subscribe(["room"], sender(connection))


def numbered(count: int, letter: str = "c") -> list[str]:
    return [f"{letter}{number}=" for number in range(count)]


def test_a_row_tells_when_announces_that_go_together_began(subscriptions: Subscriptions) -> None:
    for at, handled_at, began_at in (
        *((1, 301, 301), (2, 0, 301), (499, 900, 301), (500, 540, 301)),
        *((790, 795, 301), (802, 803, 540), (1_600, 1_610, 1_610)),
        # Each eighth half second has the same name in the table.
        *((5_501, 5_530, 5_530), (9_700, 9_701, 9_701), (9_720, 10_900, 9_701)),
    ):
        assert began(subscriptions, at, handled_at) == began_at


def began(subscriptions: Subscriptions, at: int, handled_at: int) -> int:
    """Return what an announce tells, and then the row, of when it began to be handled."""
    late = sender("a", at=at)._replace(handled_at=handled_at)
    own = subscriptions.announce("room", late, announce("A"))
    assert own
    assert [each.began_at for each in subscriptions.of_topic("room")] == [own.began_at]
    return own.began_at


def test_an_announce_tells_what_is_known_of_its_sender(subscriptions: Subscriptions) -> None:
    subscriptions.announce("room", sender("a", at=5), announce("A"))
    own = subscriptions.announce("room", sender("a", at=9), announce("B"))
    assert own == Subscriber("a", "B", CONNECTED_AT, 9, '"I am B"', 5, announces=2, began_at=5)
    assert subscriptions.announce("room", sender("a", at=8), announce("A")) is None


def test_of_topic_reads_all_up_to_the_number_asked_for(subscriptions: Subscriptions) -> None:
    enter(subscriptions, *numbered(150))
    assert len(subscriptions.of_topic("room", 150)) == 150
    assert 100 < len(subscriptions.of_topic("room", 100)) <= 150


def test_of_topic_reads_every_page(
    dynamodb_local: str, lean_dynamodb: lean.LeanDynamoDB, stack: Stack
) -> None:
    client = dynamodb_client(dynamodb_local)
    table = {**stack.table, "TableName": f"table-{uuid4()}"}
    make_table(client, table)
    through_boto3 = of_table(sdk.SdkDynamoDB(client), table["TableName"])
    through_lean = of_table(lean_dynamodb, table["TableName"])
    for number in range(150):
        through_lean.announce("room", sender(f"{number}"), Announce("a" * 10_000, None))
    pages = []
    client.meta.events.register("after-call.dynamodb.Query", lambda **_: pages.append(1))
    assert len(through_lean.of_topic("room")) == len(through_boto3.of_topic("room")) == 150
    assert len(pages) > 1


def test_rows_of_those_who_left_do_not_hide_who_is_there(subscriptions: Subscriptions) -> None:
    enter(subscriptions, *numbered(20))
    for connection in numbered(150, "left"):
        subscriptions.unsubscribe(["room"], sender(connection))
    assert len(subscriptions.of_topic("room", 100)) == 20


def test_a_sample_is_of_those_who_are_there(subscriptions: Subscriptions) -> None:
    enter(subscriptions, "a", "b")
    subscriptions.unsubscribe(["room"], sender("a", at=2))
    longest = sender("a", connected_at=0).expires_at * 1000
    subscriptions.subscribe(["room"], sender("old", connected_at=CONNECTED_AT - longest))
    assert {each.connection for _ in range(50) for each in subscriptions.sample("room")} == {"b"}
    assert subscriptions.sample("other") == []


def test_samples_reach_everybody_equally_often(subscriptions: Subscriptions) -> None:
    enter(subscriptions, *numbered(60))
    samples = [subscriptions.sample("room") for _ in range(75)]
    assert max(map(len, samples)) == SAMPLE
    firsts = Counter(each.connection for sample in samples for each in sample[:8])
    assert len(firsts) >= 57
    assert firsts.most_common(1)[0][1] < 30


def list_peer(
    subscriptions: Subscriptions, connection: str, peer: str, at: int = 1, times: int = 1
) -> None:
    own = announced(subscriptions, connection, peer, at)
    for _ in range(times):
        subscriptions.list_peers("room", [own])


def found(subscriptions: Subscriptions, peer: str) -> list[str]:
    return [each.connection for each in subscriptions.of_peer("room", peer)]


def test_who_is_listed_is_found_by_peer_id(subscriptions: Subscriptions) -> None:
    listed = {"a": "A", "b": "A#", "c": "ü🎉#000000000000001"}
    for connection, peer in listed.items():
        list_peer(subscriptions, connection, peer)
    for connection, peer in listed.items():
        assert found(subscriptions, peer) == [connection]
    for peer in ("", "ü🎉#", "B"):
        assert found(subscriptions, peer) == []
    assert subscriptions.of_peer("other", "A") == []


def test_the_first_and_last_that_claim_a_peer_id_are_found(subscriptions: Subscriptions) -> None:
    for at in range(1, 31):
        list_peer(subscriptions, f"c{at}", "A", at)
    assert found(subscriptions, "A") == ["c1", "c2", "c3", "c4", "c29", "c30"]


def test_expired_rows_hide_nobody_who_claims_the_same_peer_id(subscriptions: Subscriptions) -> None:
    long_ago = CONNECTED_AT - sender("old", connected_at=0).expires_at * 1000
    old = subscriptions.announce("room", sender("old", 1, long_ago), announce("A"))
    assert old
    subscriptions.list_peers("room", [old])
    for at in range(2, 7):
        list_peer(subscriptions, f"c{at}", "A", at)
    assert found(subscriptions, "A") == ["c2", "c3", "c4", "c5", "c6"]


def test_who_is_listed_again_is_found_once(subscriptions: Subscriptions) -> None:
    for at in (1, 2, 3):
        list_peer(subscriptions, "a", "A", at, times=2)  # as two may at one moment
    assert found(subscriptions, "A") == ["a"]


def test_no_peer_id_hides_another(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a", "A")
    for number in range(9):
        list_peer(subscriptions, f"b{number}", f"A#{number}")
        list_peer(subscriptions, f"c{number}", f"1:A#{number}")
    assert found(subscriptions, "A") == ["a"]


def test_a_row_tells_whether_it_is_listed_as_it_is_called_now(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a", "A", at=1)
    assert [each.is_listed for each in subscriptions.of_topic("room")] == [True]
    own = announced(subscriptions, "a", "B", at=2)
    assert not own.is_listed
    subscriptions.list_peers("room", [own])
    assert announced(subscriptions, "a", "B", at=3).is_listed
    assert (found(subscriptions, "A"), found(subscriptions, "B")) == ([], ["a"])


def test_who_left_is_found_no_more_even_if_listed_only_then(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a", "A", at=1)
    subscriptions.unsubscribe(["room"], sender("a", at=2))
    assert found(subscriptions, "A") == []
    own = announced(subscriptions, "a", "A", at=3)
    assert not own.is_listed
    subscriptions.unsubscribe(["room"], sender("a", at=4))
    subscriptions.list_peers("room", [own])
    assert found(subscriptions, "A") == []


def test_who_is_gone_is_found_no_more_once_that_is_known(subscriptions: Subscriptions) -> None:
    list_peer(subscriptions, "a", "A")
    list_peer(subscriptions, "b", "A")
    gone = [each for each in subscriptions.of_peer("room", "A") if each.connection == "a"]
    subscriptions.unlist("room", gone)
    assert found(subscriptions, "A") == ["b"]


def test_who_is_listed_is_no_second_member(subscriptions: Subscriptions) -> None:
    own = announced(subscriptions, "a", "A")
    subscriptions.list_peers("room", [own, own])
    assert members(subscriptions) == {"a": "A"}


def test_one_member_is_found_by_its_connection(subscriptions: Subscriptions) -> None:
    assert subscriptions.of_connection("room", "a") is None
    announced(subscriptions, "a", "A", at=2)
    assert [subscriptions.of_connection("room", "a")] == subscriptions.of_topic("room")
    subscriptions.unsubscribe(["room"], sender("a", at=5))
    assert subscriptions.of_connection("room", "a") is None
    subscriptions.list_peers("room", [announced(subscriptions, "a", "A", at=6)])
    assert [subscriptions.of_connection("room", "a")] == subscriptions.of_topic("room")
    assert [each.left_at for each in subscriptions.of_peer("room", "A")] == [5]
