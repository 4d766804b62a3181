import { contractOf } from '#contract';
import { type Delivery, encodeEnvelope, type Payload, registerInstance, type Task, type TaskEvent } from '#core';
import type { Platform } from '#platform/platform.ts';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';
import { CONTRACT } from '#test/support/test-worker.ts';

/** The tasks that a build leaves behind, by what became of them. */
export const TASKS = {
  queued: '019ab000-0000-7000-8000-000000000011',
  'queued with a large request': '019ab000-0000-7000-8000-000000000012',
  'waiting for its second attempt': '019ab000-0000-7000-8000-000000000013',
  succeeded: '019ab000-0000-7000-8000-000000000014',
  'succeeded with a large result': '019ab000-0000-7000-8000-000000000015',
  failed: '019ab000-0000-7000-8000-000000000016',
  'in the dead letters': '019ab000-0000-7000-8000-000000000017',
} as const;
type TaskName = keyof typeof TASKS;

export const MODEL = 'model_b';
export const OWNER = 'local';
export const REASON = { code: 'model_error', message: 'It failed twice.' } as const;
/** In every request and result. */
export const VALUE = 7;

const CREATED_AT = Date.UTC(2026, 10, 21);
/** Far enough for every future build. */
export const DEADLINE_AT = Date.UTC(2100, 0, 1);
const REQUEST = ModelBRequest.encode({ value: VALUE });
const RESPONSE = ModelBResponse.encode({ value: VALUE, elapsed_seconds: 0 });
const RUN = { fence: 1, attempts: 1, startedAt: CREATED_AT + 1, at: CREATED_AT + 2 } as const;

/** The registration that every build repeats. */
export const registrationOf = (id: string) => ({
  instance: {
    ...{ id, model: MODEL, slots: 1, inFlight: 0, startedAt: CREATED_AT },
    ...{ endpoint: 'http://127.0.0.1:1', image: 'upgrade', runtimeVersion: 'upgrade' },
    state: 'ready' as const,
  },
  contract: contractOf(ModelBRequest, ModelBResponse),
  manifest: {
    description: 'Answers with the number that it was asked with.',
    variants: [],
    limits: { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 2, acceptWhenAsleep: true },
  },
});

/** Leaves tasks, messages and a registration on an empty platform, as this build does. */
export async function leave(platform: Platform): Promise<void> {
  await registerInstance(platform, registrationOf('left-behind'));
  await deliver(platform, 'in the dead letters', (delivery) => delivery.reject(REASON, 2));
  await deliver(platform, 'waiting for its second attempt', (delivery) => delivery.retry({ attempts: 1 }));
  await submit(platform, 'queued');
  await submit(
    platform,
    'queued with a large request',
    await blob(platform, `requests/${TASKS['queued with a large request']}/0`, REQUEST),
  );
  const large = await blob(platform, `results/${TASKS['succeeded with a large result']}/0`, RESPONSE);
  await end(platform, 'succeeded', {
    ...RUN,
    type: 'succeeded',
    result: resultOf({ kind: 'inline', bytes: RESPONSE }),
  });
  await end(platform, 'succeeded with a large result', { ...RUN, type: 'succeeded', result: resultOf(large) });
  await end(platform, 'failed', { ...RUN, type: 'failed', error: { ...REASON, retryable: false } });
}

const resultOf = (payload: Payload) => ({ contractHash: CONTRACT.hash, payload });

async function blob({ blobs }: Platform, key: string, bytes: Uint8Array): Promise<Payload> {
  await blobs.put(key, bytes);
  return { kind: 'blob', key, size: bytes.byteLength };
}

async function create({ tasks }: Platform, name: TaskName): Promise<Task> {
  const task: Task = {
    ...{ id: TASKS[name], model: MODEL, owner: OWNER, state: 'queued', fence: 0, attempts: 0 },
    ...{ contractHash: CONTRACT.hash, requestHash: 'ab'.repeat(32) },
    ...{ createdAt: CREATED_AT, deadlineAt: DEADLINE_AT, retainedUntil: DEADLINE_AT + 1 },
  };
  await tasks.create(task);
  return task;
}

async function submit(platform: Platform, name: TaskName, request?: Payload): Promise<void> {
  const { id: taskId, model, owner, contractHash, deadlineAt, requestHash } = await create(platform, name);
  const body = encodeEnvelope({
    ...{ taskId, model, owner, contractHash, deadlineAt, requestHash, submittedAt: CREATED_AT, copy: 0 },
    request: request ?? { kind: 'inline', bytes: REQUEST },
  });
  await platform.queues(MODEL).send({ body, group: owner });
}

async function end(platform: Platform, name: TaskName, event: TaskEvent): Promise<void> {
  const { id } = await create(platform, name);
  await platform.tasks.apply(id, event);
}

/** Submits a task, receives it, records its start and settles the delivery. Nothing else may be in the queue. */
async function deliver(platform: Platform, name: TaskName, settle: (delivery: Delivery) => Promise<void>) {
  await submit(platform, name);
  const stop = new AbortController();
  const consumer = platform.queues(MODEL).consume({ leaseSeconds: 30, signal: stop.signal });
  const [delivery] = await consumer.receive(1);
  if (!delivery) throw new Error(`The message of the task "${name}" did not arrive.`);
  await platform.tasks.apply(TASKS[name], { ...RUN, type: 'started', copy: 0, alone: false });
  await settle(delivery);
  stop.abort();
  await consumer.close();
}
