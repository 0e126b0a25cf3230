"""Ask a live stack who is in it: `python -m owner --help`."""

import argparse
import sys
import time

from botocore.exceptions import BotoCoreError, ClientError

from owner import membership, stack


def main() -> int:
    """Run the command line's command and return the exit status."""
    options = _options()
    try:
        live = (
            stack.deployed(options.stack)
            if options.stack
            else stack.local(options.port, options.dynamodb)
        )
        if options.command == "kick":
            live.close(options.connection)
            print(f"closed {options.connection}")
        else:
            now = time.time()
            census = membership.count(live.scan(), now)
            lines = (
                membership.members(census, options.room, now)
                if options.room
                else membership.overview(census, now, options.names)
            )
            for line in lines:
                print(line)
    except ClientError as error:
        told = error.response.get("Error", {})
        meaning = _MEANINGS.get(told.get("Code", ""), told.get("Message", ""))
        print(f"error: {error.operation_name}: {told.get('Code')}: {meaning}", file=sys.stderr)
        return 1
    except (BotoCoreError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


_MEANINGS = {
    "410": "there is no such connection",
    "GoneException": "there is no such connection",
    "AccessDeniedException": "your credentials lack the right, see docs/operations.md",
    "ForbiddenException": "your credentials lack execute-api:ManageConnections",
    "ResourceNotFoundException": "there is no such table: start `make run DYNAMODB=...` first",
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m owner", description=__doc__)
    parser.add_argument("--stack", default="", help="a stack in this account and Region")
    parser.add_argument("--port", type=int, default=4444, help="of the local server, without STACK")
    parser.add_argument("--dynamodb", default="", help="where the local server keeps its rooms")
    commands = parser.add_subparsers(dest="command", required=True)
    asking = commands.add_parser("rooms", help="list rooms, or who is in one")
    asking.add_argument("room", nargs="?", default="", help="its name, or its hash in the log")
    asking.add_argument("--names", action="store_true", help="names in place of hashes")
    closing = commands.add_parser("kick", help="close a connection")
    closing.add_argument("connection")
    options = parser.parse_args()
    if options.command == "rooms" and not (options.stack or options.dynamodb):
        parser.error(
            "rooms in memory are visible only to the server itself: give --stack or --dynamodb"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
