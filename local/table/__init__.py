"""DynamoDB's part: the table in memory, and one in DynamoDB Local."""
