import { describe, expect, it, onTestFinished } from 'vitest';
import type { Platform } from '#platform/platform.ts';
import { startProcessInstance } from '#test/support/process-instance.ts';
import { processModel } from '#test/support/process-model.ts';

const LEASE_SECONDS = 2;
/** Several leases. `npm run torture:blocked` takes the real lengths. */
const COMPUTE_SECONDS = 7;

/** What every platform promises while a model computes without yielding. `open` knows the queue of `in_slots`. */
export function blockedModelContract(name: string, open: () => Promise<Platform>): void {
  describe(`A model that blocks its thread, on ${name}`, () => {
    it('keeps lease, heartbeat and health, is seen, and has its result stored', { timeout: 60_000 }, async () => {
      const backend = processModel('in_slots');
      const platform = await open();
      const instance = await startProcessInstance({ platform, backend, leaseSeconds: LEASE_SECONDS, graceMs: 1000 });
      onTestFinished(() => instance.stop());
      await instance.untilReady();

      const task = await instance.submit('compute', COMPUTE_SECONDS);
      await expect
        .poll(async () => (await instance.registered())?.condition, { timeout: 20_000 })
        .toBe('model_blocked');
      const health = await instance.get('/health');
      const metrics = await instance.get('/metrics');
      const ended = await instance.untilEnded(task, 40_000);
      await expect.poll(async () => (await instance.registered())?.condition).toBeUndefined();
      const after = await instance.get('/metrics');

      expect(health).toEqual({ status: 200, text: JSON.stringify({ status: 'model_blocked', model: 'in_slots' }) });
      expect(metrics.text).toContain('modelyard_instance_model_blocked 1\n');
      expect(ended).toMatchObject({ state: 'succeeded', attempts: 1, fence: 1 });
      expect(after.text).toContain('modelyard_instance_model_blocked 0\n');
      expect(after.text).toContain('modelyard_instance_lease_losses_total 0\n');
      expect(backend.launches).toHaveLength(1);
    });
  });
}
