// The publish of the message function on the AWS SDK for JavaScript: one Query, then a post to
// everyone else. `node handler.mjs` hands it the event in EVENT, as `benchmarks/publish.py` does.

import { fileURLToPath } from "node:url";
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";

const table = new DynamoDBClient({});
const connections = new ApiGatewayManagementApiClient({ endpoint: process.env.CONNECTIONS_ENDPOINT });

async function subscribers(topic) {
  const rows = [];
  let start;
  do {
    const page = await table.send(new QueryCommand({
      TableName: process.env.TABLE_NAME,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `topic-${topic}` } },
      ConsistentRead: true,
      ExclusiveStartKey: start,
    }));
    rows.push(...page.Items);
    start = page.LastEvaluatedKey;
  } while (start);
  return rows.map((row) => row.sk.S.slice("member-00000000-".length));
}

export async function handler(event) {
  const sender = event.requestContext.connectionId;
  const message = JSON.parse(event.body);
  const all = await subscribers(message.topic);
  const Data = JSON.stringify({ ...message, clients: all.length });
  await Promise.all(all.filter((each) => each !== sender).map((ConnectionId) =>
    connections.send(new PostToConnectionCommand({ ConnectionId, Data }))));
  return { statusCode: 200 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const answer = await handler(JSON.parse(process.env.EVENT));
  console.log(JSON.stringify(answer));
  process.exit(answer.statusCode === 200 ? 0 : 1);
}
