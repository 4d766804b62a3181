import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, it } from 'vitest';
import { CALLS_TABLE, createDynamoDbClient } from '#adapters/aws/index.ts';
import { CALL_RETENTION_MS } from '#core';
import { callLogContract } from '#test/contracts/call-log.contract.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { type AwsShim, type ShimRule, startAwsShim } from '#test/support/aws-shim.ts';
import { aCall } from '#test/support/calls.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';

const aws = useEmulatedAws();
const shims: AwsShim[] = [];

afterEach(async () => {
  await Promise.all(shims.splice(0).map((shim) => shim.close()));
});

callLogContract('DynamoDB', async () => {
  const { platform, cutOff } = await aws.openBehindGate();
  return { calls: platform.calls, cutOff };
});

/** A call log whose answers a test can replace. */
async function logBehind(rule: ShimRule) {
  const shim = await startAwsShim(aws.emulators.endpoints.dynamodb, rule);
  shims.push(shim);
  return aws.open({ endpoints: { ...aws.settings.endpoints, dynamodb: shim.url } }).calls;
}

const rowsIn = (input: Record<string, unknown>) =>
  (input.RequestItems as Record<string, readonly unknown[]>)[aws.settings.callsTable] ?? [];

describe('the call log in DynamoDB', () => {
  it('costs two rows for the calls of an owner and five seconds, and a query per partition for a page', async () => {
    const counted = countAwsCalls();
    const rows: number[] = [];
    const calls = await logBehind(async ({ operation, input }) => {
      counted.onCall('DynamoDB', operation);
      if (operation === 'BatchWriteItem') rows.push(rowsIn(input).length);
      return undefined;
    });
    const startedAt = Date.now() - (Date.now() % 5000);

    await calls.append(Array.from({ length: 50 }, () => aCall({ owner: 'frugal', startedAt })));
    await calls.append([aCall({ owner: 'frugal', startedAt }), aCall({ owner: 'frugal', startedAt: startedAt - 1 })]);
    const page = await calls.list({ owner: 'frugal', limit: 100 });

    expect(rows).toEqual([2, 4]);
    expect(page.calls).toHaveLength(52);
    expect(counted.counts()).toEqual({ 'DynamoDB.BatchWriteItem': 2, 'DynamoDB.Query': 8 });
  });

  it('lists packs that overlap in order, whatever the pages', async () => {
    const { calls } = aws.open();
    const start = Date.now() - (Date.now() % 5000);
    const own = Array.from({ length: 300 }, (_, at) => aCall({ owner: 'many', startedAt: start - at * 10 }));
    // Each pack has a call of each tenth of its time.
    for (let part = 0; part < 20; part++) await calls.append(own.filter((_, at) => at % 20 === part));
    const seen: string[] = [];

    for (let cursor: string | undefined, page = 0; page === 0 || cursor !== undefined; page++) {
      const { calls: some, nextCursor } = await calls.list({ owner: 'many', limit: 7, ...(cursor ? { cursor } : {}) });
      seen.push(...some.map(({ id }) => id));
      cursor = nextCursor;
    }

    expect(seen).toEqual(own.map(({ id }) => id));
  });

  it('reads rows of one call, which earlier builds wrote', async () => {
    const { calls } = aws.open();
    const client = createDynamoDbClient(aws.settings);
    const { id, owner, startedAt } = aCall({ owner: 'early' });
    const item = {
      ...{ ownerShard: { S: `0#${owner}` }, createdKey: { S: `${String(startedAt).padStart(16, '0')}#${id}` } },
      ...{ id: { S: id }, owner: { S: owner }, method: { S: 'GET' }, route: { S: '/tasks' }, requestId: { S: 'r' } },
      ...{ status: { N: '200' }, startedAt: { N: String(startedAt) }, durationMs: { N: '1' } },
    };
    await client.send(new PutItemCommand({ TableName: aws.settings.callsTable, Item: item }));
    client.destroy();

    expect((await calls.list({ owner, limit: 10 })).calls).toMatchObject([{ id, route: '/tasks', bytesIn: 0 }]);
  });

  it('spreads the calls of one owner over all partitions, and lets each row expire when it may be forgotten', async () => {
    const { calls } = aws.open();
    const client = createDynamoDbClient(aws.settings);
    const own = Array.from({ length: 100 }, (_, at) => aCall({ owner: 'busy', startedAt: Date.now() - at * 5000 }));

    await calls.append(own);
    const { Items = [] } = await client.send(new ScanCommand({ TableName: aws.settings.callsTable }));
    client.destroy();

    const rows = Items.filter((row) => row[CALLS_TABLE.partitionKey.name]?.S?.endsWith('#busy'));
    expect(new Set(rows.map((row) => row[CALLS_TABLE.partitionKey.name]?.S)).size).toBe(8);
    expect(rows.map((row) => Number(row[CALLS_TABLE.ttlAttribute]?.N)).toSorted()).toEqual(
      own.map(({ startedAt }) => Math.ceil((startedAt + CALL_RETENTION_MS) / 1000)).toSorted(),
    );
  });

  it('writes again what DynamoDB could not take at once, and nothing else', async () => {
    const batches: number[] = [];
    const calls = await logBehind(async ({ operation, input }) => {
      if (operation !== 'BatchWriteItem') return undefined;
      const rows = rowsIn(input);
      batches.push(rows.length);
      const left = rows.slice(0, 3 - batches.length);
      return left.length === 0 ? undefined : { output: { UnprocessedItems: { [aws.settings.callsTable]: left } } };
    });

    await calls.append(
      Array.from({ length: 10 }, (_, at) => aCall({ owner: 'patient', startedAt: Date.now() - at * 5000 })),
    );

    expect(batches).toEqual([20, 2, 1]);
    expect((await calls.list({ owner: 'patient', limit: 100 })).calls).toHaveLength(10);
  });

  it('gives up on a table that takes nothing, and says that it may be tried again', async () => {
    let tries = 0;
    const calls = await logBehind(async ({ input }) => {
      tries += 1;
      return { output: { UnprocessedItems: input.RequestItems } };
    });

    await expect(calls.append([aCall()])).rejects.toMatchObject({ code: 'store_unavailable', retryable: true });

    expect(tries).toBe(5);
  });
});
