import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BY_OWNER_INDEX } from '#adapters/aws/resources.ts';
import { presentTask } from '#api';
import { type Clock, createWaitPace, getTask, submitTask, type Task, type TaskStore, waitForTask } from '#core';
import model from '#models/model_a/model.ts';
import { ModelARequest } from '#proto/models/model_a.ts';
import { ModelInstance } from '#runtime/instance.ts';
import { contractOf } from '#schema';
import { countAwsCalls } from '#test/support/aws-calls.ts';
import { type AwsShim, type ShimmedCall, startAwsShim } from '#test/support/aws-shim.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';
import { afterFreeTier, bill, idleBill, total } from '../../scripts/cost/bill.ts';
import { MEASURED } from '../../scripts/cost/usage.ts';

const aws = useEmulatedAws();
const TASKS = 40;
/** From submit to end of a model that runs for 100 ms. */
const RUN_MS = 120;
const WRITES = new Set(['PutItem', 'UpdateItem']);
/** A request and a result of about 1 KB. */
const TEXT = 'x'.repeat(980);

/** Write units of the tasks table, by the rule of DynamoDB: each started kilobyte of a row, and of its index entry. */
async function writeUnits({ operation, input, ask }: ShimmedCall): Promise<number> {
  const Key = operation === 'PutItem' ? { id: (input.Item as { id: object }).id } : input.Key;
  const { Item } = await ask('GetItem', { TableName: input.TableName, Key, ConsistentRead: true });
  const row = Math.ceil(sizeOf(Item as Record<string, Attribute>) / 1024);
  // Only the put touches the index, if the row is in it: what it holds of a task never changes.
  return operation === 'PutItem' && Item && BY_OWNER_INDEX.partitionKey.name in (Item as object) ? row + 1 : row;
}

type Attribute = Readonly<Record<string, unknown>>;

const sizeOf = (item: Record<string, Attribute>): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueSize(value), 0);

function valueSize(attribute: Attribute): number {
  const [[type, value] = ['', '']] = Object.entries(attribute);
  if (type === 'B') return Buffer.from(String(value), 'base64').length;
  if (type === 'M') return 3 + sizeOf(value as Record<string, Attribute>);
  return String(value).length;
}

describe('what a prediction makes AWS count', () => {
  const calls = countAwsCalls();
  let shim: AwsShim;
  let units = 0;

  beforeAll(async () => {
    shim = await startAwsShim(aws.emulators.endpoints.dynamodb, async (call) => {
      const isTask = call.input.TableName === aws.settings.tasksTable;
      if (!isTask || !WRITES.has(call.operation) || call.status !== 200) return undefined;
      const counted = await writeUnits(call);
      units += counted;
      return undefined;
    });
  });
  afterAll(() => shim.close());

  it.each([true, false])('is as the cost report has it, where lists of tasks are kept: %s', async (listsTasks) => {
    units = 0;
    calls.reset();
    const name = await aws.newModel();
    const definition = { ...model, manifest: { ...model.manifest, name, slots: 10 } };
    const platform = aws.open({
      endpoints: { ...aws.emulators.endpoints, dynamodb: shim.url },
      onCall: calls.onCall,
      listsTasks,
    });
    const submitted: Task[] = [];
    for (let task = 0; task < TASKS; task++) submitted.push(await submitTask(platform, submission(name)));
    const stop = new AbortController();

    const running = new ModelInstance({
      ...{ definition, platform, logger: silentLogger, id: 'one', image: 'test', runtimeVersion: 'test' },
      ...{ health: { host: '127.0.0.1', port: 0 }, leaseSeconds: 30, stopTimeoutMs: 5000 },
    }).run(stop.signal);
    for (const { id } of submitted) {
      const ended = await waitForTask(platform, { id, owner: 'me', waitMs: 20_000 });
      expect(ended.state).toBe('succeeded');
    }
    const answer = JSON.stringify(
      await presentTask(platform, await getTask(platform, { id: submitted[0]?.id ?? '', owner: 'me' })),
    );
    stop.abort();
    await running;

    const counted = calls.counts();
    const useful = (counted['SQS.SendMessage'] ?? 0) + (counted['SQS.DeleteMessageBatch'] ?? 0);
    expect(counted['SQS.SendMessage']).toBe(TASKS);
    // Empty receives belong to an idle instance, not to a task: of the others there is one for ten tasks.
    expect(useful / TASKS + 0.1).toBeLessThanOrEqual(MEASURED.sqsRequests + 0.25);
    expect(Math.ceil(answer.length / 50) * 50).toBe(MEASURED.answerBytes);
    expect(units / TASKS).toBe(MEASURED.writeUnits + (listsTasks ? MEASURED.listWriteUnits : 0));
  });

  it('is so many looks for a caller who waits, once the pace of the model is known', async () => {
    let now = 0;
    let looks = 0;
    let lateMs = 0;
    const clock: Clock = {
      now: () => now,
      async sleep(ms) {
        now += ms;
      },
    };
    const pace = createWaitPace();
    const predictions = 500;

    for (let prediction = 0; prediction < predictions; prediction++) {
      // A fifth more or less.
      const end = now + RUN_MS * (0.8 + 0.1 * ((prediction * 7) % 5));
      const queued = { id: 'a', model: 'm', owner: 'me', state: 'queued', createdAt: now, deadlineAt: 1e9 } as Task;
      const tasks = {
        async peek() {
          looks += 1;
          return now >= end ? { ...queued, state: 'succeeded', endedAt: end } : queued;
        },
      } as unknown as TaskStore;
      await waitForTask({ tasks, clock, pace }, { id: 'a', owner: 'me', waitMs: 20_000, known: queued });
      lateMs += now - end;
    }

    expect(looks / predictions).toBeLessThanOrEqual(MEASURED.looks);
    expect(looks / predictions).toBeGreaterThan(MEASURED.looks - 0.2);
    expect(lateMs / predictions).toBeLessThanOrEqual(MEASURED.lateMs);
    expect(lateMs / predictions).toBeGreaterThan(MEASURED.lateMs - 1);
  });
});

describe('the bill', () => {
  it('of a million predictions of 100 ms stays below $10.64', () => {
    const items = bill({ ...STAGES.prod, api: 'rest' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(10.64);
  });

  it('of the same on the lean stage stays below $4.11', () => {
    expect(STAGES.lean.api.submitUrl).toBe(true);
    const items = bill({ ...STAGES.lean, api: 'none' }, { predictions: 1_000_000, ms: 100 });

    expect(total(items)).toBeLessThanOrEqual(4.11);
  });

  it('of a month in which three models sleep stays below $5', () => {
    expect(afterFreeTier(idleBill(3), 3)).toBeLessThanOrEqual(5);
  });
});

const submission = (name: string) => ({
  owner: 'me',
  model: name,
  contract: contractOf(model.request, model.response),
  request: ModelARequest.encode({ data: TEXT }),
  limits: { timeoutSeconds: 10 },
});
