"""What writes change in rows of the table."""

from signaling.aws.counts import beginnings, counters, offers
from signaling.aws.rows import Row, announced, key_of, listing, listing_key, member_key
from signaling.bounds import HELD_BYTES, LEFT_MILLISECONDS, OFFERS_NOTED
from signaling.ports import Sender, Subscriber
from signaling.protocol import Announce
from signaling.typed import Any

Update = dict[str, Any]
"""Parameters of UpdateItem or DeleteItem, except the table's name."""

_YES = {"BOOL": True}
_IS_THERE = "attribute_exists(pk) AND attribute_not_exists(has_left)"
_SET_TIMES = (
    "SET requested_at = :requested_at, connected_at = :connected_at, expires_at = :expires_at"
)


def subscription(topic: str, sender: Sender) -> Update:
    """Return the update of the row of a client that subscribes."""
    condition = "requested_at < :requested_at OR (requested_at = :requested_at AND has_left = :yes)"
    change = " REMOVE announce, has_left"
    return _entered_row(topic, sender, condition, change, yes=_YES)


def announcement(topic: str, sender: Sender, announce: Announce) -> Update:
    """Return the update of the row of a client that announces itself."""
    change = ", announce = :announce, entered_at = if_not_exists(entered_at, :requested_at)"
    values = {"announce": announced(announce), "began_at": {"N": str(sender.began_at)}}
    if announce.peer is not None:
        change += ", peer = :peer"
        values["peer"] = {"S": announce.peer}
    current, *others = counters(sender.requested_at)
    began, *began_before, _ = beginnings(sender.requested_at)
    change += f", {current} = if_not_exists({current}, :none) + :one"
    change += f", {began} = if_not_exists({began}, :began_at)"
    values |= {"none": {"N": "0"}, "one": {"N": "1"}}
    change += f" REMOVE has_left, {', '.join([*others, *began_before])}"
    row = _entered_row(topic, sender, "requested_at <= :requested_at", change, **values)
    return {**row, "ReturnValues": "ALL_NEW"}


def mark_of_leaving(topic: str, sender: Sender) -> Update:
    """Return the update of the row of a client that unsubscribes: the mark expires in a minute."""
    change = ", has_left = :yes, left_at = :requested_at"
    change += " REMOVE announce, entered_at, peer, listed, held, held_bytes"
    known_until = {"N": str((sender.requested_at + LEFT_MILLISECONDS) // 1000)}
    row = _entered_row(
        topic, sender, "requested_at < :requested_at", change, yes=_YES, expires_at=known_until
    )
    return {**row, "ReturnValues": "ALL_OLD"}


def removal(key: Row) -> Update:
    """Return the deletion of a row that answers with what it had."""
    return {"Key": key_of(key), "ReturnValues": "ALL_OLD"}


def forgotten(row: Row) -> Update:
    """Return the deletion of a row of a client that left, unless it has come back since."""
    return {
        "Key": key_of(row),
        "ConditionExpression": "requested_at = :requested_at",
        "ExpressionAttributeValues": {":requested_at": row["requested_at"]},
    }


def note_of_leaving(topic: str, sender: Sender) -> Update:
    """Return the update of a row that was entered before `sender` left, and again since."""
    return {
        "Key": member_key(topic, sender.connection),
        "ConditionExpression": "entered_at < :left_at AND attribute_not_exists(has_left)",
        "UpdateExpression": "SET left_at = :left_at REMOVE entered_at",
        "ExpressionAttributeValues": {":left_at": {"N": str(sender.requested_at)}},
        "ReturnValues": "ALL_OLD",
    }


def learned_peer(topic: str, connection: str, peer: str) -> Update:
    """Return the update of a member's row that stores its peer id."""
    return {
        "Key": member_key(topic, connection),
        "ConditionExpression": _IS_THERE,
        "UpdateExpression": "SET peer = :peer",
        "ExpressionAttributeValues": {":peer": {"S": peer}},
    }


def renewed_beginning(topic: str, sender: Sender, name: str, before: str) -> Update:
    """Return the update of a member's row whose `name` is from `before`, long ago."""
    return {
        "Key": member_key(topic, sender.connection),
        "ConditionExpression": f"{name} = :before",
        "UpdateExpression": f"SET {name} = :began_at",
        "ExpressionAttributeValues": {
            ":before": {"N": before},
            ":began_at": {"N": str(sender.began_at)},
        },
        "ReturnValues": "ALL_NEW",
    }


def held_signal(topic: str, connection: str, signal: str) -> Update:
    """Return the update of a member's row that keeps a signal for `taken_signals`."""
    size = len(signal.encode())
    return {
        "Key": member_key(topic, connection),
        "ConditionExpression": f"{_IS_THERE} AND :size <= :most "
        "AND (attribute_not_exists(held_bytes) OR held_bytes <= :left)",
        "UpdateExpression": "SET held = list_append(if_not_exists(held, :none), :signal), "
        "held_bytes = if_not_exists(held_bytes, :zero) + :size",
        "ExpressionAttributeValues": {
            ":none": {"L": []},
            ":signal": {"L": [{"S": signal}]},
            ":zero": {"N": "0"},
            ":size": {"N": str(size)},
            ":most": {"N": str(HELD_BYTES)},
            ":left": {"N": str(HELD_BYTES - size)},
        },
        "ReturnValues": "UPDATED_NEW",
    }


def taken_signals(topic: str, connection: str) -> Update:
    """Return the update of a member's row that takes all signals out of it."""
    return {
        "Key": member_key(topic, connection),
        "ConditionExpression": "attribute_exists(held)",
        "UpdateExpression": "REMOVE held, held_bytes",
        "ReturnValues": "UPDATED_OLD",
    }


def new_listing(topic: str, subscriber: Subscriber) -> Update:
    """Return the update that makes the row which lists `subscriber`, or leaves the offers in it."""
    row = listing(topic, subscriber)
    values = {name: value for name, value in row.items() if name not in ("pk", "sk")}
    return {
        "Key": key_of(row),
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in values),
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


def note_of_listing(topic: str, subscriber: Subscriber) -> Update:
    """Return the update of a member's row that notes the row listing it under its peer id."""
    return {
        "Key": member_key(topic, subscriber.connection),
        "ConditionExpression": f"{_IS_THERE} AND peer = :peer",
        "UpdateExpression": "SET listed = :listed",
        "ExpressionAttributeValues": {
            ":peer": {"S": subscriber.peer},
            ":listed": listing_key(topic, subscriber)["sk"],
        },
        "ReturnValues": "ALL_OLD",
    }


def note_of_leaving_in_listing(key: Row, sender: Sender) -> Update:
    """Return the update of the row that lists a member which was back before it was known to leave.

    It takes the offers out of the row.
    """
    return {
        "Key": key,
        "ConditionExpression": "attribute_exists(pk)",
        "UpdateExpression": f"SET left_at = :left_at REMOVE {', '.join(offers(0))}",
        "ExpressionAttributeValues": {":left_at": {"N": str(sender.requested_at)}},
        "ReturnValues": "ALL_OLD",
    }


def moved_offers(key: Row, noted: Row) -> Update:
    """Return the update of a row that lists a member, with offers from another that did."""
    return {
        "Key": key,
        "ConditionExpression": "attribute_exists(pk)",
        "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in noted),
        "ExpressionAttributeValues": {f":{name}": value for name, value in noted.items()},
    }


def note_of_offer(topic: str, sender: Sender, peer: str, listed: Subscriber) -> Update:
    """Return the update of the row that lists the addressee of an offer of `peer`."""
    current, _, *others, _ = offers(sender.requested_at)
    return {
        "Key": listing_key(topic, listed),
        "ConditionExpression": "attribute_exists(pk) "
        f"AND (attribute_not_exists({current}) OR size({current}) < :most)",
        "UpdateExpression": f"ADD {current} :offer REMOVE {', '.join(others)}",
        "ExpressionAttributeValues": {
            ":offer": {"SS": [f"{sender.requested_at} {sender.connection} {peer}"]},
            ":most": {"N": str(OFFERS_NOTED)},
        },
    }


def _entered_row(
    topic: str, sender: Sender, condition: str, change: str, **values: dict[str, Any]
) -> Update:
    """Return the update of a row that is new or meets `condition`: its times, and `change`."""
    times = {
        name: {"N": str(getattr(sender, name))}
        for name in ("requested_at", "connected_at", "expires_at")
    }
    values = {**times, **values}
    if sender.has_token:
        change = f", has_token = :has_token{change}"
        values["has_token"] = {"BOOL": True}
    return {
        "Key": member_key(topic, sender.connection),
        "ConditionExpression": f"attribute_not_exists(pk) OR {condition}",
        "UpdateExpression": f"{_SET_TIMES}{change}",
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }
