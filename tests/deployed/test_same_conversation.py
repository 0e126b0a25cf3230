"""Conversations through the deployed stack: they have the effects that the local server's have."""

from local.sam.template import Stack
from rig.aws import dynamodb_client
from rig.clients import Frame
from rig.emulator import Deployment, client
from rig.introductions import meet
from rig.servers import StartLocalServer
from tests.support.script import Place, converse


async def test_of_every_two_clients_that_join_at_once_one_hears_of_the_other(
    deployment: Deployment,
) -> None:
    assert await meet(deployment.websocket_url, rounds=24, at_once=6) == ([], [])


async def test_a_conversation_has_the_same_effects_on_the_local_server_and_the_deployed_stack(
    deployment: Deployment, local_server: StartLocalServer, dynamodb_local: str, stack: Stack
) -> None:
    server = local_server("--dynamodb", dynamodb_local)
    here = Place(
        server.websocket_url,
        dynamodb_client(dynamodb_local),
        str(stack.table["TableName"]),
        client("apigatewaymanagementapi", f"{server.http_url}/{stack.stage}"),
    )
    there = Place(
        deployment.websocket_url,
        deployment.client("dynamodb"),
        deployment.table,
        client("apigatewaymanagementapi", deployment.connections_endpoint),
    )
    ours = await converse(here)
    assert ours.posts == {
        "get": 200,
        "post": 200,
        "delete": 204,
        "post again": 410,
        "get again": 410,
    }
    assert [addressees(frames) for frames in ours.frames.values()] == [["A"], ["B"], []]
    assert await converse(there) == ours


def addressees(frames: list[Frame]) -> list[str]:
    data = [frame["data"] for frame in frames if frame["type"] == "publish"]
    return [each["to"] for each in data if isinstance(each, dict) and "to" in each]
