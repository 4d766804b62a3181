import { describe, expect, it, onTestFinished } from 'vitest';
import { getTask, giveUpTask, loadPayload, registerInstance } from '#core';
import type { Platform } from '#platform/platform.ts';
import { ModelBResponse } from '#proto/models/model_b.ts';
import { createTestWorkerOn } from '#test/support/test-worker.ts';
import { MODEL, OWNER, REASON, registrationOf, TASKS, VALUE } from './data-set.ts';

/** This build goes on with what an earlier one left. `open` resolves with a platform that has the data set. */
export function upgradeContract(platformName: string, open: () => Promise<Platform>): void {
  describe(`An upgrade on ${platformName}`, () => {
    it('runs the tasks that wait, and counts the attempts before', async () => {
      const platform = await open();
      const predict = async (_state: unknown, { value }: { readonly value: number }) => ({ value, elapsed_seconds: 0 });
      const worker = createTestWorkerOn({ predict }, { platform });
      void worker.start();
      onTestFinished(() => worker.stop());

      const ended = [];
      for (const name of ['queued', 'queued with a large request', 'waiting for its second attempt'] as const) {
        const task = await worker.ended(await read(platform, TASKS[name]));
        ended.push([name, task.state, task.attempts, await resultOf(platform, TASKS[name])]);
      }

      expect(ended).toEqual([
        ['queued', 'succeeded', 1, VALUE],
        ['queued with a large request', 'succeeded', 1, VALUE],
        ['waiting for its second attempt', 'succeeded', 2, VALUE],
      ]);
    });

    it('reads tasks, results and lists', async () => {
      const platform = await open();

      const { tasks } = await platform.tasks.list({ owner: OWNER, limit: 100 });

      expect(tasks.map(({ id }) => id).sort()).toEqual(Object.values(TASKS));
      expect(await resultOf(platform, TASKS.succeeded)).toBe(VALUE);
      expect(await resultOf(platform, TASKS['succeeded with a large result'])).toBe(VALUE);
      expect(await read(platform, TASKS.failed)).toMatchObject({ state: 'failed', attempts: 1, error: REASON });
    });

    it('ends tasks from the dead letters', async () => {
      const platform = await open();
      const stop = new AbortController();
      const options = { source: 'dead-letters', leaseSeconds: 30, signal: stop.signal } as const;
      const consumer = platform.queues(MODEL).consume(options);

      const [delivery] = await consumer.receive(1);
      const { body = new Uint8Array(), attempts = 0, reason } = delivery ?? {};
      await giveUpTask(platform, { model: MODEL, body, attempts, ...(reason ? { reason } : {}) });
      await delivery?.ack();
      stop.abort();
      await consumer.close();

      const task = await read(platform, TASKS['in the dead letters']);
      expect(task).toMatchObject({ state: 'failed', attempts: 2, error: REASON });
    });

    it('joins the registered model', async () => {
      const platform = await open();
      const before = await platform.registry.readModel(MODEL);
      const { contract, ...registration } = registrationOf('upgraded');

      await registerInstance(platform, { ...registration, contract });

      const after = await platform.registry.readModel(MODEL);
      expect(before?.contracts.map(({ hash }) => hash)).toEqual([contract.hash]);
      expect(after?.contracts).toEqual(before?.contracts);
      const { descriptorSet = [], ...kept } = (await platform.contracts.get(contract.hash)) ?? {};
      expect({ ...kept, descriptorSet: Uint8Array.from(descriptorSet) }).toEqual(contract);
      const { instances } = await platform.registry.snapshot();
      expect(instances.map(({ id }) => id)).toContain('upgraded');
    });
  });
}

const read = (platform: Platform, id: string) => getTask(platform, { id, owner: OWNER });

async function resultOf(platform: Platform, id: string): Promise<number | undefined> {
  const { result } = await read(platform, id);
  return result && ModelBResponse.decode(await loadPayload(platform.blobs, result.payload)).value;
}
