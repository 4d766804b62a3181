import { describe, expect, it, onTestFinished } from 'vitest';
import { getTask, giveUpTask, type RejectReason } from '#core';
import type { Platform } from '#platform/platform.ts';
import { ModelBResponse } from '#proto/models/model_b.ts';
import { type EarlierState, ENVELOPES, MODEL, REQUEST_BLOB, TASK_ID } from '#test/fixtures/earlier-build.ts';
import { createTestWorkerOn, type Predict } from '#test/support/test-worker.ts';

/** What an earlier build left behind on a platform. */
export interface EarlierBuild {
  readonly platform: Platform;
  /** Writes a row. */
  keep(state: EarlierState): Promise<void>;
  /** Queues a message of a first delivery. */
  send(body: Uint8Array): Promise<void>;
}

/** The same on a platform whose queues outlive a build. */
export interface EarlierBroker extends EarlierBuild {
  /** Queues a message that was delivered before; in the dead letters if it has a reason. */
  sendCopy(copy: EarlierCopy): Promise<void>;
}

interface EarlierCopy {
  readonly body: Uint8Array;
  /** Deliveries, which that build called attempts. */
  readonly attempts: number;
  readonly reason?: RejectReason;
}

const BODY = ENVELOPES['the request'];

/** Messages of which that build kept nothing but their bodies. */
export function earlierMessagesContract(platformName: string, open: () => Promise<EarlierBuild>): void {
  describe(`A message of an earlier build on ${platformName}`, () => {
    it.each(Object.entries(ENVELOPES))('with %s runs', async (_, body) => {
      const earlier = await open();
      await earlier.keep('queued');
      await earlier.platform.blobs.put(REQUEST_BLOB.key, REQUEST_BLOB.bytes);
      await earlier.send(body);

      const { values, ended } = await run(earlier);

      const { state, attempts, result } = await ended();
      expect({ state, attempts, values }).toEqual({ state: 'succeeded', attempts: 1, values: [7] });
      const bytes = result?.payload.kind === 'inline' ? result.payload.bytes : new Uint8Array();
      expect(ModelBResponse.decode(bytes)).toMatchObject({ value: 7 });
    });

    it('that a repeated submit sent again changes nothing', async () => {
      const earlier = await open();
      await earlier.keep('queued');
      await earlier.send(BODY);
      await earlier.send(BODY);

      const { worker, ended } = await run(earlier);

      const first = await ended();
      await expect.poll(() => worker.outcomes.length, { timeout: 20_000 }).toBe(2);
      expect(first).toMatchObject({ state: 'succeeded', attempts: 1 });
      // Who is told of an end is not told the request.
      expect(await ended()).toMatchObject(first);
    });
  });
}

/** Messages that were delivered before the upgrade, and dead letters. */
export function earlierCopiesContract(platformName: string, open: () => Promise<EarlierBroker>): void {
  describe(`A copy of an earlier build on ${platformName}`, () => {
    it('goes on with its count', async () => {
      const earlier = await open();
      await earlier.keep('running its first attempt');
      await earlier.sendCopy({ body: BODY, attempts: 1 });

      const { values, ended } = await run(earlier);

      expect(await ended()).toMatchObject({ state: 'succeeded', attempts: 2 });
      expect(values).toEqual([7]);
    });

    it('is given up when its attempts are used', async () => {
      const earlier = await open();
      await earlier.keep('running its second attempt');
      await earlier.sendCopy({ body: BODY, attempts: 2 });

      const { values, ended } = await run(earlier);

      const { state, attempts, error } = await ended();
      expect([state, attempts, error?.code]).toEqual(['failed', 2, 'attempts_exhausted']);
      expect(values).toEqual([]);
    });

    it('ends its task from the dead letters, with its reason', async () => {
      const { platform, keep, sendCopy } = await open();
      await keep('running its second attempt');
      const error = { code: 'model_error', message: 'It failed.' };
      await sendCopy({ body: BODY, attempts: 2, reason: error });
      const stop = new AbortController();
      const options = { source: 'dead-letters', leaseSeconds: 30, signal: stop.signal } as const;
      const consumer = platform.queues(MODEL).consume(options);

      const [delivery] = await consumer.receive(1);
      const { body = new Uint8Array(), attempts = 0, reason } = delivery ?? {};
      await giveUpTask(platform, { model: MODEL, body, attempts, ...(reason ? { reason } : {}) });
      await delivery?.ack();
      stop.abort();
      await consumer.close();

      const task = await getTask(platform, { id: TASK_ID, owner: 'local' });
      expect(task).toMatchObject({ state: 'failed', attempts: 2, error });
    });
  });
}

/** Starts a worker of this build, which stops with the test. */
async function run({ platform }: EarlierBuild) {
  const values: number[] = [];
  const predict: Predict = async (_state, { value }) => {
    values.push(value);
    return { value, elapsed_seconds: 0 };
  };
  const worker = createTestWorkerOn({ predict }, { platform });
  const task = await getTask(platform, { id: TASK_ID, owner: 'local' });
  void worker.start();
  onTestFinished(() => worker.stop());
  return { worker, values, ended: () => worker.ended(task) };
}
