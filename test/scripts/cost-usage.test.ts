import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { toPackItems } from '#adapters/aws/calls/call-pack.ts';
import { JSON_TYPE, jsonTextOf, presentTask, submittedAnswer } from '#api';
import { callLines, callOfLine } from '#api/http/call-lines.ts';
import { contractOf } from '#contract';
import {
  type Call,
  type Clock,
  createWaitPace,
  getTask,
  newUserId,
  submitTask,
  type Task,
  type TaskStore,
  waitForTask,
} from '#core';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import model from '#models/model_a/model.ts';
import type { Platform } from '#platform/platform.ts';
import { ModelARequest } from '#proto/models/model_a.ts';
import { call, createTestApi } from '#test/lambdas/api-harness.ts';
import { type AwsShim, startAwsShim } from '#test/support/aws-shim.ts';
import { unitsOf } from '#test/support/dynamodb-units.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { runInstance } from '#test/support/in-process-model.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { ACCESS_LOG_FORMAT } from '../../lib/constructs/http-api.ts';
import { ESTIMATED, MEASURED } from '../../scripts/cost/usage.ts';

const aws = useEmulatedAws();
const BACKLOG = 100;
/** Names and keys of a row of the call log, and when it expires. */
const KEYS_BYTES = 200;
/** From submit to end of a model that runs for 100 ms. */
const RUN_MS = 120;
/** A request and a result of about 1 KB. */
const TEXT = 'x'.repeat(980);

const counted = {
  sends: 0,
  receives: 0,
  deletes: 0,
  acknowledged: 0,
  otherQueueCalls: 0,
  polls: 0,
  reads: 0,
  writes: 0,
};
let sqs: AwsShim;
let dynamodb: AwsShim;

beforeAll(async () => {
  sqs = await startAwsShim(aws.emulators.endpoints.sqs, async ({ operation, input, output }) => {
    const { Messages = [] } = output as { readonly Messages?: readonly unknown[] };
    if (operation === 'SendMessage') counted.sends += 1;
    else if (operation === 'DeleteMessageBatch') {
      counted.deletes += 1;
      counted.acknowledged += (input.Entries as readonly unknown[]).length;
    }
    // Empty receives belong to an idle instance, not to a task.
    else if (operation === 'ReceiveMessage') counted.receives += Messages.length > 0 ? 1 : 0;
    else counted.otherQueueCalls += 1;
    return undefined;
  });
  dynamodb = await startAwsShim(aws.emulators.endpoints.dynamodb, async (asked) => {
    const units =
      asked.input.TableName === aws.settings.tasksTable && asked.status === 200 ? await unitsOf(asked) : undefined;
    if (asked.operation === 'GetItem' && units) counted.polls += 1;
    counted.reads += units?.reads ?? 0;
    counted.writes += units?.writes ?? 0;
    return undefined;
  });
});
afterAll(() => Promise.all([sqs.close(), dynamodb.close()]));
beforeEach(() => {
  for (const name of Object.keys(counted) as (keyof typeof counted)[]) counted[name] = 0;
});

const open = (listsTasks: boolean): Platform =>
  aws.open({ endpoints: { ...aws.emulators.endpoints, sqs: sqs.url, dynamodb: dynamodb.url }, listsTasks });

/** Runs an instance of a model of this name with ten slots while `work` goes on. */
async function whileServed(platform: Platform, name: string, work: () => Promise<void>): Promise<void> {
  const definition = { ...model, manifest: { ...model.manifest, name, slots: 10 } };
  const stop = new AbortController();
  const options = {
    ...{ platform, logger: silentLogger, id: 'one', image: 'test', runtimeVersion: 'test' },
    ...{ health: { host: '127.0.0.1', port: 0 }, leaseSeconds: 30, stopTimeoutMs: 5000 },
  };
  const running = runInstance(definition, options, stop.signal);
  await work();
  stop.abort();
  await running;
}

const submit = (platform: Platform, name: string): Promise<Task> =>
  submitTask(platform, {
    ...{ owner: 'me', model: name, contract: contractOf(model.request, model.response) },
    ...{ request: ModelARequest.encode({ data: TEXT }), limits: { timeoutSeconds: 10 } },
  });

async function untilDone(platform: Platform, task: Task): Promise<void> {
  const ended = await waitForTask(platform, { id: task.id, owner: 'me', waitMs: 20_000, known: task });
  expect(ended.state).toBe('succeeded');
}

// Again where other work on the machine drives the ends of runs apart, which can only add requests.
describe('what a prediction makes AWS count', { retry: 2 }, () => {
  it.each([true, false])(
    'of a backlog is as the cost report has it, where tasks are listed: %s',
    async (listsTasks) => {
      const name = await aws.newModel();
      const platform = open(listsTasks);
      const backlog: Task[] = [];
      for (let task = 0; task < BACKLOG; task++) backlog.push(await submit(platform, name));

      await whileServed(platform, name, async () => {
        // Callers who look meanwhile would be on the same processor as the instance.
        await vi.waitUntil(() => counted.acknowledged === BACKLOG, { timeout: 25_000, interval: 10 });
        await Promise.all(backlog.map((task) => untilDone(platform, task)));
      });

      const { sends, receives, deletes, otherQueueCalls, polls, reads, writes } = counted;
      expect([sends, otherQueueCalls]).toEqual([BACKLOG, 0]);
      expect((sends + receives + deletes) / BACKLOG).toBeLessThanOrEqual(MEASURED.sqsRequests);
      expect((sends + receives + deletes) / BACKLOG).toBeGreaterThanOrEqual(1.2);
      // Not counting the row of each minute that says how its tasks ended.
      expect(Math.floor(writes / BACKLOG)).toBe(MEASURED.writeUnits + (listsTasks ? MEASURED.listWriteUnits : 0));
      // Whoever reads is a caller who waits: an instance learns from its writes. Once a second, it reads whether a task
      // of the model was canceled.
      expect(reads / polls).toBeCloseTo(MEASURED.readUnitsPerPoll, 1);
    },
  );

  it('that comes alone is a receive and a delete of its own', async () => {
    const name = await aws.newModel();
    const platform = open(true);
    const predictions = 5;

    await whileServed(platform, name, async () => {
      for (let prediction = 0; prediction < predictions; prediction++) {
        await untilDone(platform, await submit(platform, name));
        // An acknowledgement waits a moment for others.
        await vi.waitUntil(() => counted.deletes > prediction, { timeout: 10_000, interval: 10 });
      }
    });

    const { sends, receives, deletes } = counted;
    expect((sends + receives + deletes) / predictions).toBe(MEASURED.sqsRequestsAlone);
  });

  it('is so many polls for a caller who waits, once the pace of the model is known', async () => {
    let now = 0;
    let polls = 0;
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
          polls += 1;
          return now >= end ? { ...queued, state: 'succeeded', endedAt: end } : queued;
        },
      } as unknown as TaskStore;
      await waitForTask({ tasks, clock, pace }, { id: 'a', owner: 'me', waitMs: 20_000, known: queued });
      lateMs += now - end;
    }

    expect(polls / predictions).toBeLessThanOrEqual(MEASURED.polls);
    expect(polls / predictions).toBeGreaterThan(MEASURED.polls - 0.2);
    expect(lateMs / predictions).toBeLessThanOrEqual(MEASURED.lateMs);
    expect(lateMs / predictions).toBeGreaterThan(MEASURED.lateMs - 1);
  });
});

describe('what a prediction sends and writes down', () => {
  it('is an answer of so many bytes', async () => {
    const name = await aws.newModel();
    const platform = open(true);
    const api = createTestApi();
    const task = await submit(platform, name);
    await whileServed(platform, name, () => untilDone(platform, task));
    const ended = await getTask(platform, { id: task.id, owner: 'me' });

    const body = String(jsonTextOf(await presentTask({ ...api, platform }, ended)));
    const { headers } = await submittedAnswer({ ...api, platform }, ended, {
      ...{ seconds: 20, waitedSeconds: 20 },
      ...{ applied: 'wait=20' },
    });

    expect(roundUp(body.length)).toBe(MEASURED.answerBytes);
    expect(roundUp(headOf({ ...headers, ...GATEWAY_HEADERS }).length)).toBe(MEASURED.headBytes);
  });

  it('is one line of the access log', () => {
    const line = ACCESS_LOG_FORMAT.replaceAll(/\$context\.[\w.]+/g, (name) => LOGGED[name] ?? name);

    expect(line).not.toContain('$context');
    expect(roundUp(line.length + CLOUDWATCH_BYTES_PER_LINE)).toBe(MEASURED.accessLogBytes);
  });

  it('is one line of the call log, and rows of it that ten calls share', async () => {
    const lines: string[] = [];
    const api = { ...createTestApi(), recordCall: callLines((line) => lines.push(line)) };
    await api.wake();
    const query = { route: '/predict/{model}', params: { model: 'model_b' }, caller: newUserId('a.user.name') };
    await call(createSubmit(api), { ...query, headers: { Prefer: 'wait=0' }, body: '{"value":7}' });
    const [line = ''] = lines;
    const recorded = callOfLine(line);
    // Across a boundary of the packs, which is the worse case.
    const ten = Array.from({ length: 10 }, (_, at) => ({ ...recorded, id: `${at}`, startedAt: 4998 + at }) as Call);

    const units = toPackItems(ten, 1).map((item) => Math.ceil(((item.calls?.B?.byteLength ?? 0) + KEYS_BYTES) / 1024));

    // API Gateway's ids of requests are UUIDs. The duration has a few digits more or less.
    const bytes = line.length - 'request-1'.length + 36 + CLOUDWATCH_BYTES_PER_LINE;
    expect(MEASURED.callLineBytes - bytes).toBeGreaterThanOrEqual(0);
    expect(MEASURED.callLineBytes - bytes).toBeLessThan(60);
    expect(units.reduce((all, one) => all + one, 0) / ten.length).toBe(MEASURED.callWriteUnits);
  });

  it('is no line of the handler', async () => {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const api = createTestApi({ logger: { debug: say, info: say, warn: say, error: say } });
    await api.wake();

    const answered = call(createSubmit(api), {
      route: '/predict/{model}',
      params: { model: 'model_b' },
      headers: { 'Content-Type': JSON_TYPE },
      body: '{"value": 7}',
    });
    await api.work();

    expect((await answered).statusCode).toBe(200);
    expect([...lines, ...api.counted]).toEqual([]);
  });

  it('is what Lambda says of a run, where the stage wants that', () => {
    const lines = PLATFORM_LINES.map((line) => JSON.stringify(line).length + CLOUDWATCH_BYTES_PER_LINE);

    expect(lines.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(ESTIMATED.platformLogBytes);
  });
});

const roundUp = (bytes: number): number => Math.ceil(bytes / 50) * 50;

/** What CloudWatch counts for every line besides its bytes. */
const CLOUDWATCH_BYTES_PER_LINE = 26;

const headOf = (headers: Readonly<Record<string, string>>): string =>
  `HTTP/1.1 200 OK\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

const ID = 'b3b9a1f0-6c1e-4b1f-9d0e-2f5a7c8d9e10';

/** What API Gateway adds to the handler's own, in the usual lengths. */
const GATEWAY_HEADERS = {
  Date: 'Sat, 21 Nov 2026 08:00:00 GMT',
  'Content-Length': '1363',
  Connection: 'keep-alive',
  'X-Request-Id': ID,
  'x-amzn-RequestId': ID,
  'x-amz-apigw-id': 'UW1bSGKnIAMEr7A=',
  'X-Amzn-Trace-Id': 'Root=1-69201b80-1a2b3c4d5e6f708192a3b4c5;Parent=1a2b3c4d5e6f7081;Sampled=0',
};

/** The variables of the access log, as long as they usually are. */
const LOGGED: Readonly<Record<string, string>> = {
  '$context.requestId': ID,
  '$context.requestTime': '21/Nov/2026:08:00:00 +0000',
  '$context.identity.sourceIp': '203.0.113.142',
  '$context.httpMethod': 'POST',
  '$context.resourcePath': '/predict/{model}',
  '$context.status': '200',
  '$context.responseLength': '1363',
  '$context.responseLatency': '142',
  '$context.integrationLatency': '139',
  '$context.error.message': '-',
};

/** Of one run, as Lambda documents its JSON log. */
const PLATFORM_LINES = [
  { time: '2026-11-21T08:00:00.000Z', type: 'platform.start', record: { requestId: ID, version: '$LATEST' } },
  {
    time: '2026-11-21T08:00:00.142Z',
    type: 'platform.report',
    record: {
      requestId: ID,
      metrics: { durationMs: 139.61, billedDurationMs: 140, memorySizeMB: 256, maxMemoryUsedMB: 111 },
      tracing: { spanId: '1a2b3c4d5e6f7081', type: 'X-Amzn-Trace-Id', value: GATEWAY_HEADERS['X-Amzn-Trace-Id'] },
      status: 'success',
    },
  },
];
