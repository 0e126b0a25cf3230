"""`make emulate`: the whole stack on this machine, deployed into an AWS emulator."""

import os
import signal
from contextlib import suppress

from rig.aws import forget_aws_account
from rig.emulator import Emulator, build_for_emulator


def main() -> None:
    """Deploy and say where, until Ctrl-C."""
    forget_aws_account()
    emulator = Emulator()
    build_for_emulator()
    with emulator:
        deployment = emulator.deploy()
        print(f"signaling: ['{deployment.websocket_url}']")
        print(f"export AWS_ENDPOINT_URL={deployment.endpoint}", end="")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            print(f" {name}={os.environ[name]}", end="")
        print("", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
