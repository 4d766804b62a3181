import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { manifest } from '#models/model_b/manifest.ts';
import model from '#models/model_b/model.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { run } from './support/run.ts';

vi.mock('node:timers/promises', () => ({ setTimeout: vi.fn() }));

const INT32_MIN = -2_147_483_648;

describe('model_b', () => {
  beforeEach(() => {
    vi.mocked(sleep).mockResolvedValue(undefined);
  });

  afterEach(() => {
    vi.mocked(sleep).mockReset();
  });

  it('hands the number back, the most negative one too', async () => {
    const answer = await run(model, { value: INT32_MIN, delay_seconds: 0 });

    expect(answer.value).toBe(INT32_MIN);
    expect(answer.elapsed_seconds).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [undefined, 30_000],
    [0, 0],
    [0.25, 250],
    [600, 600_000],
  ])('asked to take %s seconds, works for %i ms', async (delay, milliseconds) => {
    await run(model, delay === undefined ? { value: 1 } : { value: 1, delay_seconds: delay });

    const steps = vi.mocked(sleep).mock.calls.map(([asked]) => Number(asked));
    expect(steps.reduce((sum, step) => sum + step, 0)).toBe(milliseconds);
    expect(Math.max(0, ...steps)).toBeLessThanOrEqual(1000);
  });

  it('tells after each second how far it is', async () => {
    const told: unknown[] = [];

    await run(model, { value: 1, delay_seconds: 2.5 }, { progress: (...report) => void told.push(report) });

    expect(told).toEqual([
      [0.4, 'Waited 1 of 2.5 seconds.'],
      [0.8, 'Waited 2 of 2.5 seconds.'],
    ]);
  });

  it.each([-1, 600.1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a delay of %s seconds for good',
    async (delay) => {
      const answer = run(model, { value: 1, delay_seconds: delay });

      await expect(answer).rejects.toBeInstanceOf(InvalidInput);
      expect(sleep).not.toHaveBeenCalled();
    },
  );

  it('stops when its run is canceled', async () => {
    const { setTimeout: realSleep } =
      await vi.importActual<typeof import('node:timers/promises')>('node:timers/promises');
    vi.mocked(sleep).mockImplementation(realSleep as typeof sleep);
    const controller = new AbortController();

    const answer = run(model, { value: 1, delay_seconds: 600 }, { signal: controller.signal });
    controller.abort();

    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('may run longer than the longest delay', () => {
    expect(manifest.timeoutSeconds).toBeGreaterThan(600);
  });
});
