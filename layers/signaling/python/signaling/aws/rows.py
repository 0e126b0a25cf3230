"""Rows of the table: their keys and attributes.

A member's sort key begins with a hash of its connection id. So the order of members is unrelated
to anything else, and any stretch of them is a fair sample. The key can be computed from the id
alone, which is all that `$disconnect` knows.
"""

from binascii import crc32

from signaling.aws.counts import began_at
from signaling.aws.operations import Answer, RequestError
from signaling.bounds import LEFT_MILLISECONDS
from signaling.frames import plain_announce
from signaling.ports import Subscriber, expiry_of
from signaling.protocol import Announce
from signaling.topics import topic_key, topic_of
from signaling.typed import Any

Row = dict[str, Any]
"""A row, or its key, in the form of boto3's low-level client."""

MEMBER_PREFIX = "member-"
"""Prefix of sk, before 8 hexadecimal digits of hash, a hyphen and the connection id."""

_BEFORE_CONNECTION = len(MEMBER_PREFIX) + 8 + 1
_TIME_DIGITS = 15


def member_key(topic: str, connection: str) -> Row:
    """Return the key of a member's row."""
    return {"pk": {"S": topic_key(topic)}, "sk": {"S": sort_key(connection)}}


def key_of(row: Row) -> Row:
    """Return the key of any row."""
    return {"pk": row["pk"], "sk": row["sk"]}


def sort_key(connection: str) -> str:
    """Return the sort key of all rows of `connection`."""
    return f"{MEMBER_PREFIX}{crc32(connection.encode()):08x}-{connection}"


def connection_of(key: str) -> str:
    """Return the connection whose rows have the sort key."""
    return key[_BEFORE_CONNECTION:]


def has_left_long_ago(row: Row, now: int) -> bool:
    """Tell whether a row is no longer needed; `now` in epoch milliseconds."""
    return "has_left" in row and int(row["requested_at"]["N"]) < now - LEFT_MILLISECONDS


def listing(topic: str, subscriber: Subscriber) -> Row:
    """Return the row that lists `subscriber` under its peer id."""
    row: Row = {
        **listing_key(topic, subscriber),
        "connection": {"S": subscriber.connection},
        "peer": {"S": subscriber.peer},
        "connected_at": {"N": str(subscriber.connected_at)},
        "requested_at": {"N": str(subscriber.requested_at)},
        "expires_at": {"N": str(expiry_of(subscriber.connected_at))},
    }
    if subscriber.has_token:
        row["has_token"] = {"BOOL": True}
    if subscriber.left_at is not None:
        row["left_at"] = {"N": str(subscriber.left_at)}
    return row


def listing_key(topic: str, subscriber: Subscriber) -> Row:
    """Return the key of the row that lists `subscriber`; a peer's rows are in order of time."""
    at = f"{subscriber.requested_at:0{_TIME_DIGITS}d}"
    sk = f"{listing_prefix(subscriber.peer or '')}{at}#{subscriber.connection}"
    return {"pk": {"S": peers_key(topic)}, "sk": {"S": sk}}


def listing_prefix(peer: str) -> str:
    """Return the beginning of the sort keys of all rows that list `peer`, and of no others."""
    return f"{len(peer)}:{peer}#"


def peers_key(topic: str) -> str:
    """Return pk of the rows that list members of `topic` under their peer ids."""
    return f"peers{topic_key(topic).removeprefix('topic')}"


def is_listing(row: Row) -> bool:
    """Tell whether a row lists a member that has a row of its own."""
    return "connection" in row


def is_there(row: Row, now: int) -> bool:
    """Tell whether a row is valid: TTL deletes expired ones late."""
    return int(row["expires_at"]["N"]) > now and "has_left" not in row


def subscriber_of(row: Row) -> Subscriber:
    """Return what a row says about a connection."""
    return Subscriber(
        row["connection"]["S"] if "connection" in row else connection_of(row["sk"]["S"]),
        row["peer"]["S"] if "peer" in row else None,
        int(row["connected_at"]["N"]),
        int(row["requested_at"]["N"]),
        _announce_of(row),
        int(row["entered_at"]["N"]) if "entered_at" in row else None,
        "has_token" in row,
        int(row["left_at"]["N"]) if "left_at" in row else None,
        _is_listed(row),
        0,
        began_at(row),
    )


def announced(announce: Announce) -> dict[str, Any]:
    """Return what a row keeps of an announce: usually just that it is y-webrtc's for its peer.

    The text would be a quarter of the row, and a join of a large room reads 160 rows.
    """
    if announce.peer is not None and announce.data == plain_announce(announce.peer):
        return {"BOOL": True}
    return {"S": announce.data}


def _announce_of(row: Row) -> str | None:
    if "announce" not in row:
        return None
    return row["announce"]["S"] if "S" in row["announce"] else plain_announce(row["peer"]["S"])


def _is_listed(row: Row) -> bool:
    if "listed" not in row or "peer" not in row:
        return False
    return str(row["listed"]["S"]).startswith(listing_prefix(row["peer"]["S"]))


def held_texts(row: Row) -> list[str]:
    """Return the signals that a member's row keeps."""
    return [text["S"] for text in row["held"]["L"]] if "held" in row else []


def listings_of(answer: Answer) -> list[Row]:
    """Return the key of the row that listed a member, if its own row named one before a write."""
    row = {} if isinstance(answer, RequestError) else answer.get("Attributes", {})
    if "listed" not in row:
        return []
    return [{"pk": {"S": peers_key(topic_of(row["pk"]["S"]))}, "sk": row["listed"]}]
