import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DynamoTaskStore } from '#adapters/aws/index.ts';
import { inBatches, type TaskStore } from '#core';
import { taskStoreContract } from '#test/contracts/task-store.contract.ts';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { type AwsShim, startAwsShim } from '#test/support/aws-shim.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { aModel } from '#test/support/registry.ts';
import { withRowOfRefusal } from '#test/support/row-of-refusal.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const aws = useEmulatedAws();

describe('DynamoDB that says why a condition failed', () => {
  const calls = countAwsCalls();
  let shim: AwsShim;

  beforeAll(async () => {
    shim = await startAwsShim(aws.emulators.endpoints.dynamodb, withRowOfRefusal('id'));
  });

  afterAll(() => shim.close());

  const open = (): TaskStore =>
    aws.open({ onCall: calls.onCall, endpoints: { ...aws.settings.endpoints, dynamodb: shim.url } }).tasks;

  taskStoreContract('DynamoDB with the row of a refusal', async () => {
    const { platform, cutOff } = await aws.openBehindGate({ endpoints: { dynamodb: shim.url } });
    return { store: platform.tasks, cutOff };
  });

  it('is not asked again', async () => {
    const store = open();
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, { type: 'canceled', at: 1 });
    calls.reset();

    expect(await store.create(task)).toMatchObject({ id: task.id });
    expect(await store.apply(task.id, { type: 'canceled', at: 1 })).toBe('terminal');

    expect(calls.counts()).toEqual({ 'DynamoDB.PutItem': 1, 'DynamoDB.UpdateItem': 1 });
  });
});

describe('DynamoDB that does not say why a condition failed', () => {
  it('is asked for the row', async () => {
    const calls = countAwsCalls();
    const store = aws.open({ onCall: calls.onCall }).tasks;
    const task = aFreshTask();
    await store.create(task);
    await store.apply(task.id, { type: 'canceled', at: 1 });
    calls.reset();

    expect(await store.create(task)).toMatchObject({ id: task.id });
    expect(await store.apply(task.id, { type: 'canceled', at: 1 })).toBe('terminal');

    expect(calls.counts()).toEqual({ 'DynamoDB.PutItem': 1, 'DynamoDB.UpdateItem': 1, 'DynamoDB.GetItem': 2 });
  });
});

describe('DynamoDB whose first answer is lost', () => {
  let puts: number;
  let shim: AwsShim;

  beforeAll(async () => {
    // The write is done, but what comes back makes the SDK try again.
    shim = await startAwsShim(aws.emulators.endpoints.dynamodb, async ({ operation }) => {
      if (operation !== 'PutItem') return undefined;
      puts += 1;
      if (puts > 1) return undefined;
      return { status: 500, output: { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' } };
    });
  });

  afterAll(() => shim.close());

  const open = () => aws.open({ endpoints: { ...aws.settings.endpoints, dynamodb: shim.url } });

  it('does not make a new task look like one that was there', async () => {
    puts = 0;
    const task = aFreshTask();

    expect(await open().tasks.create(task)).toBeUndefined();

    expect(puts).toBe(2);
    expect(await open().tasks.get(task.id)).toEqual(task);
  });

  it('does not make a writer of a model look like a slower one', async () => {
    puts = 0;
    const registry = open().registry;
    const model = aModel({ name: 'model_lost' });

    expect(await registry.writeModel(model)).toBe(true);

    expect(puts).toBe(2);
    expect(await registry.readModel('model_lost')).toEqual(model);
  });
});

describe('the cost of a task in DynamoDB', () => {
  it('is one put, one update and one read', async () => {
    const calls = countAwsCalls();
    const store = aws.open({ onCall: calls.onCall }).tasks;
    const task = aFreshTask();
    const result = { contractHash: 'c', payload: { kind: 'inline', bytes: Uint8Array.of(1) } } as const;

    await store.create(task);
    await store.apply(task.id, { type: 'succeeded', fence: 1, attempts: 1, startedAt: 1, at: 2, result });
    await store.get(task.id);

    expect(calls.counts()).toEqual({ 'DynamoDB.PutItem': 1, 'DynamoDB.UpdateItem': 1, 'DynamoDB.GetItem': 1 });
  });

  it('is, for a page of a list, a query per partition and a read per task', async () => {
    const calls = countAwsCalls();
    const store = aws.open({ onCall: calls.onCall }).tasks;
    const owner = 'somebody-with-a-list';
    await Promise.all(Array.from({ length: 40 }, () => store.create(aFreshTask({ owner }))));
    calls.reset();

    expect((await store.list({ owner, limit: 10 })).tasks).toHaveLength(10);

    expect(calls.counts()).toEqual({ 'DynamoDB.Query': 8, 'DynamoDB.GetItem': 10 });
  });
});

describe('the cost of a registry snapshot', () => {
  it.each([1, 1000])('is two queries with %i instances', async (count) => {
    const calls = countAwsCalls();
    const registry = aws.open({ onCall: calls.onCall, registryTable: await aws.newRegistryTable() }).registry;
    const now = Date.now();
    // Not all at once: connections to the emulator are accepted one after the other.
    for (const batch of inBatches(
      Array.from({ length: count }, (_, index) => index),
      100,
    )) {
      await Promise.all(
        batch.map((index) =>
          registry.putInstance({
            id: `0198a000-0000-7000-8000-${String(index).padStart(12, '0')}`,
            model: `model_${index % 100}`,
            variant: 'RandomForest',
            state: 'ready',
            contractHash: 'c'.repeat(64),
            slots: 8,
            inFlight: 3,
            serviceMs: 12.345_678_9,
            endpoint: 'http://ip-10-0-123-234.eu-central-1.compute.internal:9000',
            image: `123456789012.dkr.ecr.eu-central-1.amazonaws.com/model@sha256:${'f'.repeat(64)}`,
            runtimeVersion: '0.1.0',
            startedAt: now,
            heartbeatAt: now,
            expiresAt: now + 60_000,
          }),
        ),
      );
    }
    calls.reset();

    expect((await registry.snapshot()).instances).toHaveLength(count);

    expect(calls.counts()).toEqual({ 'DynamoDB.Query': 2 });
  });
});

describe('a row', () => {
  it('is refused here before DynamoDB refuses it for its size', async () => {
    const store: TaskStore = aws.open().tasks;
    expect(store).toBeInstanceOf(DynamoTaskStore);
    const task = aFreshTask();
    await store.create(task);
    const error = { code: 'error', message: 'x'.repeat(450_000), retryable: false };

    await expect(store.apply(task.id, { type: 'failed', fence: 1, attempts: 1, at: 1, error })).rejects.toMatchObject({
      code: 'body_too_large',
      retryable: false,
    });

    expect(await store.get(task.id)).toEqual(task);
  });
});

describe('DynamoDB that answers with another row than it was asked for', () => {
  it('is an error for tasks, models, contracts and users', async () => {
    // Rows that are read by one key are answered by another.
    const other = new Map<string, object>();
    const shim = await startAwsShim(aws.emulators.endpoints.dynamodb, async ({ operation, output }) => {
      const [kind] = Object.keys((output.Item as object | undefined) ?? {}).toSorted();
      if (operation !== 'GetItem' || kind === undefined) return undefined;
      const first = other.get(kind) ?? output;
      other.set(kind, first);
      return { output: first as Record<string, unknown> };
    });
    onTestFinished(() => shim.close());
    const { tasks, registry, contracts, users } = aws.open({
      endpoints: { ...aws.settings.endpoints, dynamodb: shim.url },
      registryTable: await aws.newRegistryTable(),
    });
    const contract = { requestMessage: 'a.Q', responseMessage: 'a.R', descriptorSet: Uint8Array.of(1) };
    const names = ['one', 'two'] as const;
    const created = new Map(names.map((name) => [name as string, aFreshTask()]));
    for (const name of names) {
      await tasks.create(created.get(name) ?? aFreshTask());
      await registry.writeModel(aModel({ name }));
      await contracts.put({ ...contract, hash: name });
      await users.create({ name: `user ${name}`, role: 'user', passwordHash: 'h', createdAt: 1 });
    }
    const reads = [
      (name: string) => tasks.get(created.get(name)?.id ?? ''),
      (name: string) => registry.readModel(name),
      (name: string) => contracts.get(name),
      (name: string) => users.findByName(`user ${name}`),
    ];

    for (const read of reads) {
      other.clear();
      expect(await read('one')).toBeDefined();
      await expect(read('two')).rejects.toMatchObject({ message: expect.stringContaining('another row') });
    }
  });
});
