"""Where the AWS clients of this process go."""

import os


def direct_clients(endpoint: str | None = None, connections: str | None = None) -> None:
    """Direct every AWS client of this process to the DynamoDB at `endpoint`.

    Also direct them to the @connections at `connections`. Both accept any credentials.
    """
    if endpoint:
        os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
    if connections:
        os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"] = connections
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    _set_credentials()


def _set_credentials() -> None:
    """Put credentials where Lambda has them."""
    import boto3  # here, because rooms in memory need no AWS client

    found = boto3.session.Session().get_credentials()
    if found is None:
        os.environ.update(AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local")
        return
    frozen = found.get_frozen_credentials()
    os.environ["AWS_ACCESS_KEY_ID"] = str(frozen.access_key)
    os.environ["AWS_SECRET_ACCESS_KEY"] = str(frozen.secret_key)
    if frozen.token:
        os.environ["AWS_SESSION_TOKEN"] = frozen.token
