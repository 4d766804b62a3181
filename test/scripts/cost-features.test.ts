import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { contractOf } from '#contract';
import { cancelTask, isTerminal, retryTask, type SubmitCommand, submitTask, type Task } from '#core';
import { sendWebhook } from '#core/webhooks';
import model from '#models/model_a/model.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { ModelARequest } from '#proto/models/model_a.ts';
import { type AwsShim, startAwsShim } from '#test/support/aws-shim.ts';
import { unitsOf } from '#test/support/dynamodb-units.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { FEATURES } from '../../scripts/cost/usage.ts';

const aws = useEmulatedAws();
const counted = { sends: 0, reads: 0, writes: 0 };
/** The body of the last message to a model. */
let sent = Buffer.alloc(0);
let sqs: AwsShim;
let dynamodb: AwsShim;
let platform: FullPlatform;
let name: string;

beforeAll(async () => {
  sqs = await startAwsShim(aws.emulators.endpoints.sqs, async ({ operation, input }) => {
    if (operation !== 'SendMessage') return undefined;
    counted.sends += 1;
    if (!String(input.QueueUrl).includes('webhooks')) sent = Buffer.from(String(input.MessageBody), 'base64');
    return undefined;
  });
  dynamodb = await startAwsShim(aws.emulators.endpoints.dynamodb, async (asked) => {
    const units = asked.status === 200 ? await unitsOf(asked) : undefined;
    counted.reads += units?.reads ?? 0;
    counted.writes += units?.writes ?? 0;
    return undefined;
  });
  name = await aws.newModel();
  platform = aws.open({ endpoints: { ...aws.emulators.endpoints, sqs: sqs.url, dynamodb: dynamodb.url } });
});
afterAll(() => Promise.all([sqs.close(), dynamodb.close()]));
beforeEach(() => startCounting());

function startCounting(): void {
  Object.assign(counted, { sends: 0, reads: 0, writes: 0 });
}

const submit = (more: Partial<SubmitCommand> = {}): Promise<Task> =>
  submitTask(platform, {
    ...{ owner: 'me', model: name, contract: contractOf(model.request, model.response) },
    ...{ request: ModelARequest.encode({ data: 'x'.repeat(980) }), limits: { timeoutSeconds: 10 } },
    ...more,
  });

const giveUp = ({ id }: Task) =>
  platform.tasks.apply(id, {
    type: 'gave-up',
    ...{ attempts: 3, at: platform.clock.now(), envelope: new Uint8Array(sent) },
    error: { code: 'model_error', message: 'It broke.', retryable: true },
  });

// The table counts what a task costs more, so the submit itself is not counted.
it('a cancel of a queued task costs as the cost report has it', async () => {
  const task = await submit();
  startCounting();

  await cancelTask(platform, { id: task.id, owner: 'me' });

  expect(counted).toEqual(FEATURES.cancel);
});

it('a retry costs as the cost report has it', async () => {
  const task = await submit();
  await giveUp(task);
  startCounting();

  await retryTask(platform, { id: task.id, owner: 'me' });

  expect(counted).toEqual(FEATURES.retry);
});

it('a webhook costs as the cost report has it, when its task has ended at the first look', async () => {
  await submit();
  const plain = { ...counted };
  startCounting();
  const task = await submit({ webhook: { url: 'https://receiver.example/hook' } });
  const atSubmit = { ...counted };
  await giveUp(task);
  startCounting();
  const attempts: string[] = [];
  const due = {
    ...platform,
    // After the pace of the first look.
    clock: { ...platform.clock, now: () => platform.clock.now() + 2000 },
    outbound: {
      async send({ url }: { readonly url: string }) {
        attempts.push(url);
        return { status: 204, headers: {}, body: '' };
      },
    },
    present: async ({ state }: Task) => JSON.stringify({ state, ended: isTerminal(state) }),
    sign: () => 'v1,signature',
  };

  await sendWebhook(due as unknown as Parameters<typeof sendWebhook>[0], task.id);

  expect(attempts).toEqual(['https://receiver.example/hook']);
  const { sends, reads, writes } = counted;
  expect({
    sends: atSubmit.sends - plain.sends + sends,
    reads: atSubmit.reads - plain.reads + reads,
    writes: atSubmit.writes - plain.writes + writes,
  }).toEqual(FEATURES.webhook);
});
