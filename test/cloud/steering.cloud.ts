import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { groupId } from '#adapters/aws/queue/sqs-message.ts';
import { taskQueueName } from '#adapters/aws/resources.ts';
import { flowOf } from '#core';
import { ended, post, submit, type TaskBody } from '#test/support/api-client.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

/** As the manifest of model_b has it. */
const SLOTS = 8;
/** More than an instance without a free slot takes out of the queue. */
const AHEAD = 12;
const ENDPOINT = process.env.MODELYARD_E2E_ENDPOINT ?? '';

let system: EmbeddedSystem;
beforeAll(async () => {
  system = await EmbeddedSystem.start();
});
afterAll(() => system[Symbol.asyncDispose]());

const json = async <Body>(path: string) => (await (await system.fetch(path)).json()) as Body;

async function untilRunning({ id }: TaskBody): Promise<void> {
  while ((await json<TaskBody>(`/tasks/${id}`)).state !== 'running') await sleep(100);
}

/** What a client sees that connects again until it has seen the end. */
async function follow(id: string, onEvent: (event: string) => void): Promise<readonly SeenEvent[]> {
  const events: SeenEvent[] = [];
  for (;;) {
    const last = events.at(-1)?.id;
    const headers = { Prefer: 'wait=5', ...(last === undefined ? {} : { 'Last-Event-ID': last }) };
    const answer = await system.fetch(`/tasks/${id}/events`, { headers });
    if (answer.status === 204) return events;
    expect(answer.status).toBe(200);
    for (const [, eventId = '', event = ''] of (await answer.text()).matchAll(/^id: (.+)\nevent: (.+)$/gm)) {
      events.push({ id: eventId, event });
      onEvent(event);
    }
  }
}

interface SeenEvent {
  readonly id: string;
  readonly event: string;
}

/** The message groups of tasks that wait. */
async function groupsInQueue(): Promise<ReadonlySet<string | undefined>> {
  const QueueUrl = `${ENDPOINT}/000000000000/${taskQueueName('modelyard-guarded-', 'model_b')}`;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const sqs = new SQSClient({ endpoint: ENDPOINT, region: 'us-east-1', credentials, useQueueUrlAsEndpoint: false });
  try {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        ...{ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, WaitTimeSeconds: 5 },
        MessageSystemAttributeNames: ['MessageGroupId'],
      }),
    );
    return new Set(Messages.map(({ Attributes }) => Attributes?.MessageGroupId));
  } finally {
    sqs.destroy();
  }
}

describe.concurrent('a deployed stage', () => {
  it('cancels: a queued task never runs, a running one is aborted, and its events by long poll end', async () => {
    const hold = () => submit(system, 'model_b', { value: 1, delay_seconds: 300 });
    const running = await Promise.all(Array.from({ length: SLOTS }, hold));
    const [first] = running as [TaskBody, ...TaskBody[]];
    const progressed = Promise.withResolvers<void>();
    const followed = follow(first.id, (event) => event === 'progress' && progressed.resolve());
    await Promise.all([progressed.promise, ...running.map(untilRunning)]);
    const queued = await hold();
    const urgent = await submit(system, 'model_b', { value: 1, delay_seconds: 300 }, { 'Task-Priority': 'high' });
    const others = await Promise.all(Array.from({ length: AHEAD }, hold));
    const groups = await groupsInQueue();
    const next = await submit(system, 'model_b', { value: 1, delay_seconds: 0 });

    const answers = await Promise.all(
      [queued, urgent, ...others, ...running].map(({ id }) => post(system, `/tasks/${id}/cancel`, '')),
    );

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    const { id: owner } = await json<{ readonly id: string }>('/users/me');
    expect(groups.size).toBeGreaterThan(0);
    expect([owner, flowOf(owner, 'high')].map(groupId)).toEqual(expect.arrayContaining([...groups]));
    const events = await followed;
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['state', 'progress']));
    expect(events.at(-1)?.event).toBe('state');
    // The slots are free again.
    expect((await ended(system, next.id)).state).toBe('succeeded');
    expect(await json(`/tasks/${queued.id}`)).toMatchObject({ state: 'canceled', result: null, started_at: null });
    expect(await json(`/tasks/${first.id}`)).toMatchObject({ state: 'canceled', result: null });
    const { events: history } = await json<{ readonly events: object[] }>(`/tasks/${queued.id}/history`);
    expect(history).toMatchObject([{ event: 'submitted' }, { event: 'canceled', by: expect.any(String) }]);
  });

  it('sends signed webhooks from a function of its own, and lists them', async () => {
    const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
    const receiver = createServer(async (request, response) => {
      received.push({ headers: request.headers, body: await text(request) });
      response.writeHead(204).end();
    });
    onTestFinished(() => void receiver.close());
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const { secret } = await json<{ readonly secret: string }>('/users/me/webhook-secret');

    const { id } = await submit(system, 'model_a', { data: 'hooked' }, { 'Webhook-Url': url });
    await vi.waitFor(() => expect(received).toHaveLength(1), { timeout: 30_000, interval: 200 });

    const [{ headers, body }] = received as [(typeof received)[number]];
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(verified).toMatchObject({ id, type: 'task.succeeded', state: 'succeeded' });
    const delivered = { deliveries: [{ attempts: [{ status: 204 }] }] };
    const isListed = async () => expect(await json(`/tasks/${id}/deliveries`)).toMatchObject(delivered);
    await vi.waitFor(isListed, { timeout: 10_000, interval: 500 });
  });
});
