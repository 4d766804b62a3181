import { describe, expect, it } from 'vitest';
import { type ModelDirectory, ModelyardError } from '#core';
import type { InstanceReport } from '#local/supervisor.ts';
import { untilSettled } from '#local/until-settled.ts';
import { ManualClock } from '#test/support/manual-clock.ts';

const anInstance = (overrides: Partial<InstanceReport>): InstanceReport => ({
  id: 'model_a-1',
  name: 'model_a-1',
  model: 'model_a',
  state: 'ready',
  image: 'local process',
  crashes: 0,
  isPreparing: false,
  ...overrides,
});

/** A directory that finds the model after so many questions. */
function directory(unknownFor: number) {
  let asked = 0;
  const models = {
    async served() {
      asked += 1;
      if (asked <= unknownFor) throw new ModelyardError('model_not_found', 'There is no model of this name.');
      return { serving: [{}] };
    },
  } as unknown as Pick<ModelDirectory, 'served'>;
  return { models, asked: () => asked };
}

async function settle(reports: readonly InstanceReport[], unknownFor: number, timeoutMs = 0) {
  const clock = new ManualClock();
  const { models, asked } = directory(unknownFor);
  const stop = new AbortController();
  const settled = untilSettled({ report: async () => reports }, { models, clock, timeoutMs, signal: stop.signal });
  let isOver = false;
  void settled.finally(() => {
    isOver = true;
  });
  for (let step = 0; step < 200 && !isOver; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isOver) await clock.advance(25);
  }
  stop.abort();
  return { reports: await settled, asked: asked() };
}

describe('the start of the system', () => {
  it('is not over before the handlers find the model of a ready instance', async () => {
    const { asked } = await settle([anInstance({})], 40);

    expect(asked).toBe(41);
  });

  it('is not over before the handlers find a model that is still setting up, even when the time is up', async () => {
    const { asked } = await settle([anInstance({ state: 'starting' })], 40);

    expect(asked).toBe(41);
  });

  it('waits for packages that are being installed only until the time is up', async () => {
    const { asked, reports } = await settle([anInstance({ state: 'starting', isPreparing: true })], 1);

    expect(asked).toBe(0);
    expect(reports[0]?.isPreparing).toBe(true);
  });

  it('does not wait for a model whose instance has crashed', async () => {
    const { asked, reports } = await settle([anInstance({ state: 'starting', crashes: 1 })], 1);

    expect(asked).toBe(0);
    expect(reports[0]?.crashes).toBe(1);
  });
});
