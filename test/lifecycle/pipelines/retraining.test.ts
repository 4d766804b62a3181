import { beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, type Pipeline, pipelineFault } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { retrain as retrainStage } from '#lifecycle/pipelines/retraining.ts';
import { startDueRuns } from '#lifecycle/pipelines/schedules.ts';
import { pipelinesDatabase } from '#lifecycle/pipelines/stored-runs.ts';
import { SUBSCRIPTIONS } from '#lifecycle/subscriptions.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';

const lifecycles = useLifecycle();
const HOUR_MS = 3_600_000;
const stages = [{ name: 'train', uses: 'training.train' }];

describe('a retraining', () => {
  let lifecycle: Lifecycle;
  let deployed: string | null;

  async function define(pipeline: Partial<Pipeline> & { name: string }): Promise<void> {
    const { query } = await pipelinesDatabase(lifecycle);
    const definition = JSON.stringify({ stages, ...pipeline });
    await query
      .insertInto('pipelines')
      .values({ name: pipeline.name, definition, owner: 'ada', updated_at: 1 })
      .execute();
  }
  const runs = async () => {
    const { query } = await pipelinesDatabase(lifecycle);
    return query.selectFrom('runs').selectAll().orderBy('pipeline').execute();
  };
  beforeEach(async () => {
    deployed = '3';
    const opened = await lifecycles.open();
    lifecycle = {
      ...opened,
      ask: async (service, query, args) =>
        service === 'serving' && query === 'current' ? { version: deployed } : opened.ask(service, query, args),
    };
  });

  /** Runs the stage with the answers of this test. */
  async function retrain(more: JsonObject = {}) {
    const args = {
      ...{ model: 'rates', version: '3', shadow: false, feature: 'rate', statistic: 'ks', value: 0.5, threshold: 0.05 },
      window: { start: '2026-01-01T00:00:00Z', end: '2026-01-01T01:00:00Z' },
      ...more,
    };
    const signal = new AbortController().signal;
    return retrainStage(lifecycle, args, { taskId: 't', attempt: 1, owner: 'monitoring', signal });
  }

  it('is what drift starts', () => {
    expect(SUBSCRIPTIONS['drift.detected']).toContainEqual({ service: 'pipelines', stage: 'retrain' });
  });

  it('starts once per window, whatever drifts, and says why', async () => {
    await define({ name: 'weekly', retraining: { model: 'rates', window_seconds: 366 * 86_400 } });
    await define({ name: 'other', retraining: { model: 'prices' } });
    await define({ name: 'by-hand' });
    await define({ name: 'by-time', retraining: { model: 'rates', on_drift: false } });

    const first = await retrain();
    const again = await retrain();
    const feature = await retrain({ feature: 'change_1y' });

    expect([first, again, feature]).toEqual([{ started: ['weekly'] }, { started: [] }, { started: [] }]);
    expect(await runs()).toMatchObject([{ pipeline: 'weekly', owner: 'ada' }]);
    const { query } = await pipelinesDatabase(lifecycle);
    const lines = await query.selectFrom('log_lines').select('text').execute();
    expect(lines.map(({ text }) => text)).toContainEqual(expect.stringContaining('because rate has drifted'));
  });

  it('starts again in the next window', async () => {
    await define({ name: 'quick', retraining: { model: 'rates', window_seconds: 1 } });

    await retrain();
    await lifecycle.platform.clock.sleep(1001);
    await retrain();

    expect(await runs()).toHaveLength(2);
  });

  it('does not start for a shadow, nor for a version that was replaced', async () => {
    await define({ name: 'weekly', retraining: { model: 'rates' } });

    await retrain({ shadow: true });
    deployed = '4';
    await retrain();

    expect(await runs()).toEqual([]);
  });

  it('is started by its schedule too, and then not by drift in the same window', async () => {
    const window_seconds = 366 * 86_400;
    await define({ name: 'weekly', schedule: '* * * * *', retraining: { model: 'rates', window_seconds } });
    const now = lifecycle.platform.clock.now();

    await startDueRuns(lifecycle, now - HOUR_MS / 2, now);
    await startDueRuns(lifecycle, now - HOUR_MS / 3, now);
    await retrain();

    expect(await runs()).toMatchObject([{ cause: expect.stringContaining('retraining:') }]);
  });

  it('needs a model and a window that make sense', () => {
    const faultOf = (retraining: object) =>
      pipelineFault({ name: 'p', stages, retraining } as unknown as Pipeline)?.path;

    expect(faultOf({ model: 'rates' })).toBeUndefined();
    expect(faultOf({})).toBe('pipeline.retraining.model');
    expect(faultOf({ model: 'rates', window_seconds: 0 })).toBe('pipeline.retraining.window_seconds');
    expect(faultOf({ model: 'rates', on_drift: 'no' })).toBe('pipeline.retraining.on_drift');
    expect(faultOf([] as object)).toBe('pipeline.retraining');
  });

  it('of a model that serves nothing yet is started by any drift', async () => {
    deployed = null;
    await define({ name: 'weekly', retraining: { model: 'rates' } });

    expect(await retrain()).toEqual({ started: ['weekly'] });
  });
});
