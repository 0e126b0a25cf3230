"""The local server and the deployed stack: the same conversation has the same effects."""

import asyncio

from local.sam.template import Stack
from rig.aws import dynamodb_client
from rig.emulator import Deployment, client
from rig.servers import StartLocalServer
from tests.support.script import Place, converse


def test_a_conversation_has_the_same_effects_on_the_local_server_and_through_the_deployed_stack(
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
    ours = asyncio.run(converse(here))
    assert ours.posts == {
        "get": 200,
        "post": 200,
        "delete": 204,
        "post again": 410,
        "get again": 410,
    }
    assert asyncio.run(converse(there)) == ours
