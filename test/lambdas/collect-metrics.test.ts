import { describe, expect, it } from 'vitest';
import { type HandlerDeps, noMetrics } from '#api';
import { type InstanceScaler, type ModelSummary, NO_MEMORY } from '#core';
import { lambdaContext } from '#gateway/bridge-invoke.ts';
import { createHandler } from '#lambdas/collect-metrics/handler.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const summary = (name: string, instances: number, depth?: Partial<NonNullable<ModelSummary['depth']>>) =>
  ({
    model: { name, limits: { maxInstances: 10 } },
    live: Array.from({ length: instances }),
    serving: Array.from({ length: instances }),
    depth: depth && { visible: 0, inFlight: 0, delayed: 0, deadLetters: 0, ...depth },
  }) as unknown as ModelSummary;

async function collect(...all: ModelSummary[]) {
  const published: unknown[] = [];
  const deps = { models: { all: async () => all }, logger: silentLogger, metrics: noMetrics } as unknown as HandlerDeps;
  const handle = createHandler({ stage: 'dev', minInstances: 0, publish: (gauges) => published.push(gauges) })(deps);
  await handle({}, lambdaContext({ name: 'collect-metrics', requestId: 'one', timeoutMs: 1000 }));
  return published;
}

/** Runs the collector with models whose services have these desired counts, and answers the counts after it. */
async function scale(counts: Record<string, number>, ...all: ModelSummary[]) {
  const desired = new Map(Object.entries(counts));
  const scaler: InstanceScaler = {
    async read(model) {
      if (model === 'broken') throw new Error('out of order');
      const count = desired.get(model);
      return count === undefined ? undefined : { desired: count, launched: [], memory: NO_MEMORY };
    },
    async setDesired(model, count) {
      desired.set(model, count);
    },
    remember: async () => undefined,
  };
  const platform = { clock: { now: () => Date.now() } };
  const deps = { models: { all: async () => all }, platform, logger: silentLogger } as unknown as HandlerDeps;
  const handle = createHandler({ stage: 'dev', minInstances: 0, publish: () => undefined, scaler })(deps);
  const context = lambdaContext({ name: 'collect-metrics', requestId: 'one', timeoutMs: 1000 });
  const failed = await Promise.resolve(handle({}, context)).then(
    () => false,
    () => true,
  );
  return { desired: Object.fromEntries(desired), failed };
}

describe('the scaling by the collector', () => {
  it('starts an instance of every model for which tasks wait', async () => {
    const waiting = summary('waiting', 0, { visible: 3 });

    expect(await scale({ waiting: 0, idle: 0 }, waiting, summary('idle', 0, {}))).toEqual({
      desired: { waiting: 1, idle: 0 },
      failed: false,
    });
  });

  it('leaves models alone that run elsewhere', async () => {
    expect(await scale({}, summary('elsewhere', 0, { visible: 3 }))).toEqual({ desired: {}, failed: false });
  });

  it('fails when one model cannot be scaled, after all others were', async () => {
    const waiting = summary('waiting', 0, { visible: 3 });

    expect(await scale({ waiting: 0 }, summary('broken', 0, {}), waiting)).toEqual({
      desired: { waiting: 1 },
      failed: true,
    });
  });
});

describe('the collector of metrics', () => {
  it('counts a model as stalled when tasks wait for it and nobody is there', async () => {
    const published = await collect(summary('asleep', 0, { visible: 3 }), summary('idle', 0, {}));

    expect(published).toEqual([{ dimensions: { stage: 'dev' }, values: { StalledModels: 1 } }]);
  });

  it('publishes nothing, which costs nothing, while every model with tasks has an instance', async () => {
    const awake = summary('awake', 2, { visible: 6, inFlight: 4 });

    expect(await collect(awake, summary('asleep', 0, {}), summary('unread', 0))).toEqual([]);
  });
});
