#!/usr/bin/env bash
# ministack 1.5.33: a Query takes as long as its partition is large, whatever its Limit.
#
# With a Limit, DynamoDB stops reading after so many rows, so one would expect that asking for one row
# takes the same time in any partition. ministack evaluates the key condition for every row of the
# partition before it applies the Limit, and tokenizes and checks the text of the condition anew for
# each. It does so in the one thread that serves all services, so what is asked of a partition of some
# thousand rows delays every other request by that time. A test with many clients then measures this.
#
# Needs Python 3. Prints the shortest of 20 requests each, and fails if the second takes less than 20
# times as long.
# Seen with ministack 1.5.33, boto3 1.43.106 and Python 3.11.7:
#
#     one row of 10: 1.5 ms; one row of 5000: 120.1 ms
set -euo pipefail
folder=$(mktemp -d)
trap '[ -z "${emulator:-}" ] || kill "$emulator"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'ministack==1.5.33' 'boto3==1.43.106' 2>/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
BIND_HOST=127.0.0.1 GATEWAY_PORT=$port venv/bin/ministack >emulator.log 2>&1 &
emulator=$!
cat >query.py <<'PYTHON'
import sys, time
import boto3
from botocore.exceptions import EndpointConnectionError

ROWS = 10, 5_000
client = boto3.client(
    "dynamodb",
    endpoint_url=f"http://127.0.0.1:{sys.argv[1]}",
    region_name="us-east-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
)
while True:
    try:
        client.create_table(
            TableName="rows",
            KeySchema=[
                {"AttributeName": "hall", "KeyType": "HASH"},
                {"AttributeName": "seat", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "hall", "AttributeType": "S"},
                {"AttributeName": "seat", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        break
    except EndpointConnectionError:
        time.sleep(0.1)
for rows in ROWS:
    puts = [
        {"PutRequest": {"Item": {"hall": {"S": str(rows)}, "seat": {"S": f"{each:05}"}}}}
        for each in range(rows)
    ]
    for first in range(0, rows, 25):
        client.batch_write_item(RequestItems={"rows": puts[first : first + 25]})


def milliseconds(rows):
    began = time.perf_counter()
    answer = client.query(
        TableName="rows",
        KeyConditionExpression="hall = :hall AND seat > :after",
        ExpressionAttributeValues={":hall": {"S": str(rows)}, ":after": {"S": "00004"}},
        Limit=1,
    )
    assert [each["seat"]["S"] for each in answer["Items"]] == ["00005"]
    return 1000 * (time.perf_counter() - began)


few, many = (min(milliseconds(rows) for _ in range(20)) for rows in ROWS)
print(f"one row of {ROWS[0]}: {few:.1f} ms; one row of {ROWS[1]}: {many:.1f} ms")
sys.exit(many / few < 20)
PYTHON
venv/bin/python query.py "$port"
