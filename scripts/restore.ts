import { parseArgs } from 'node:util';
import {
  DeleteTableCommand,
  type DescribeTableCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  paginateScan,
  RestoreTableToPointInTimeCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { createDynamoDbClient, createS3Client, TASKS_TABLE } from '#adapters/aws/index.ts';
import { BLOB_EXPIRY } from '#adapters/aws/resources.ts';
import { DAY_MS } from '#core';
import { say } from './cloud/command.ts';
import { restoreObjects } from './restore/restore-objects.ts';

const HELP = `Restores rows and objects of a stage on AWS, in two steps, with your credentials and your region.

Usage: npm run restore -- --stage prod --at 2026-11-22T10:00:00Z    makes a table of that time beside each table
       npm run restore -- --stage prod --copy                       copies the rows and objects that are missing, and deletes those tables
`;
const SUFFIX = '-restored';
/** A large table takes hours. */
const MAX_WAIT_SECONDS = 24 * 3600;
const WRITES_AT_ONCE = 25;

const TEXT = { type: 'string' } as const;
const { values } = parseArgs({ options: { stage: TEXT, at: TEXT, copy: { type: 'boolean', default: false } } });
const at = new Date(values.at ?? Number.NaN);
if (values.stage === undefined || values.copy !== Number.isNaN(at.getTime())) {
  process.stderr.write(HELP);
  process.exit(2);
}

/** The tables of the stage, and those that an earlier step has made beside them. */
async function tablesOf(client: DynamoDBClient, stage: string): Promise<readonly string[]> {
  const start = `modelyard-${stage}-Data`;
  const { TableNames = [] } = await client.send(new ListTablesCommand({ ExclusiveStartTableName: start }));
  const found = TableNames.filter((name) => name.startsWith(start));
  if (found.length === 0) throw new Error(`There are no tables of the stage ${stage}.`);
  return found;
}

/** Adds the rows that the table does not have. Resolves with their number. */
async function copyMissing(client: DynamoDBClient, from: string, to: string): Promise<number> {
  const { Table } = await waitFor(client, from);
  const key = Table?.KeySchema?.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '';
  let added = 0;
  for await (const { Items: rows = [] } of paginateScan({ client, pageSize: WRITES_AT_ONCE }, { TableName: from })) {
    const writes = rows.map(async (Item) => {
      try {
        const only = { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': key } };
        await client.send(new PutItemCommand({ TableName: to, Item, ...only }));
        added += 1;
      } catch (error) {
        // Recovery: the row that is there is newer.
        if (!(error instanceof Error && error.name === 'ConditionalCheckFailedException')) throw error;
      }
    });
    await Promise.all(writes);
  }
  return added;
}

async function waitFor(client: DynamoDBClient, table: string) {
  const { reason } = await waitUntilTableExists({ client, maxWaitTime: MAX_WAIT_SECONDS }, { TableName: table });
  return reason as DescribeTableCommandOutput;
}

/** The time that a table has of its source. Emulators say only when it was made. */
async function timeOf(client: DynamoDBClient, table: string): Promise<Date> {
  const { Table } = await waitFor(client, table);
  return Table?.RestoreSummary?.RestoreDateTime ?? Table?.CreationDateTime ?? new Date();
}

/** Gives payloads and artifacts back what they have lost since, where a row needs it. */
async function restoreContents(dynamodb: DynamoDBClient, stage: string, tasks: string, since: Date): Promise<void> {
  const client = await createS3Client({});
  try {
    const payloads = await restoreObjects(client, {
      ...{ bucketPrefix: `modelyard-${stage}-datablobs`, at: since },
      oldest: new Date(Date.now() - BLOB_EXPIRY.days * DAY_MS),
      async isWanted(key) {
        const Key = { [TASKS_TABLE.partitionKey.name]: { S: key.split('/')[1] ?? '' } };
        return (await dynamodb.send(new GetItemCommand({ TableName: tasks, Key }))).Item !== undefined;
      },
    });
    const artifacts = await restoreObjects(client, {
      ...{ bucketPrefix: `modelyard-${stage}-artifacts-`, at: since },
      isWanted: async () => false,
    });
    say(`${payloads} payloads and ${artifacts} artifacts were missing.`);
  } finally {
    client.destroy();
  }
}

const client = createDynamoDbClient({});
try {
  const tables = await tablesOf(client, values.stage);
  for (const table of tables.filter((name) => !name.endsWith(SUFFIX))) {
    const restored = `${table}${SUFFIX}`;
    if (!values.copy) {
      const names = { SourceTableName: table, TargetTableName: restored };
      await client.send(new RestoreTableToPointInTimeCommand({ ...names, RestoreDateTime: at }));
      say(`${restored} is made.`);
    } else if (tables.includes(restored)) {
      say(`${await copyMissing(client, restored, table)} rows were missing in ${table}.`);
    }
  }
  const made = values.copy ? tables.filter((name) => name.endsWith(SUFFIX)) : [];
  const tasks = made.find((name) => name.startsWith(`modelyard-${values.stage}-DataTasks`));
  if (tasks !== undefined) {
    await restoreContents(client, values.stage, tasks.slice(0, -SUFFIX.length), await timeOf(client, tasks));
  }
  for (const name of made) await client.send(new DeleteTableCommand({ TableName: name }));
} finally {
  client.destroy();
}
