"""What `sam delete` leaves behind."""

from rig.emulator import IS_THERE, Deployment, Emulator, inventory
from rig.introductions import meet


async def test_nothing_is_left_when_a_stack_is_deleted_that_was_used(
    emulator: Emulator, deployment: Deployment
) -> None:
    """Delete a second stack, which has what the first has not: production's stage, and boto3."""
    without_it = inventory(emulator.endpoint)
    production = emulator.deploy(
        "prod", "--no-confirm-changeset", "--parameter-overrides", "Stage=prod AwsClient=boto3"
    )
    with_it = inventory(emulator.endpoint)
    assert [service for service in IS_THERE if with_it[service] == without_it[service]] == []
    assert await meet(production.websocket_url, rounds=1) == ([], [])
    emulator.sam("delete", "--config-env", "prod", "--no-prompts")
    assert inventory(emulator.endpoint) == without_it
