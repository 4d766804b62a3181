import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { getMetrics } from '#lifecycle/monitoring/metrics.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { ask, batchOf, HOUR, openTrained, recordsOf, stagesOf, storeTasks, WINDOW } from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;

const { log, compute } = stagesOf(lifecycles, () => lifecycle);

beforeEach(async () => {
  lifecycle = await openTrained(lifecycles);
});

describe('the metrics', () => {
  it('have everything that the dashboard asks for', async () => {
    const records = recordsOf('a', 40, { rate: 12 });
    await storeTasks(lifecycle, records);
    await log(records);
    await compute();
    await ask(lifecycle, 'POST /outcomes', {
      body: { outcomes: [12, 1].map((value) => ({ task_id: 'a-0', value })) },
    });
    await compute();
    // Too few to be tested.
    await log(recordsOf('few', 3, { at: WINDOW + HOUR }));
    await compute(WINDOW + HOUR);

    const { body } = await getMetrics(lifecycle);

    const file = new URL('../../../docker/grafana/dashboards/monitoring.json', import.meta.url);
    const asked = new Set(readFileSync(file, 'utf8').match(/modelyard_monitor_\w+/g));
    expect(asked.size).toBeGreaterThan(5);
    for (const name of asked) expect(body).toMatch(new RegExp(`^${name}\\{`, 'm'));
    expect(body).toContain('modelyard_monitor_drifted{model="rates",version="1",feature="rate"} 1');
    expect(body).toContain('modelyard_monitor_refused_outcomes_total{model="rates",code="duplicate_outcome"} 1');
  });

  it('are of versions in use: one that was replaced has none after a day', async () => {
    for (const [version, at] of [
      ['old', WINDOW - 26 * HOUR],
      ['before', WINDOW - 20 * HOUR],
      ['new', WINDOW],
    ] as const) {
      await log(recordsOf(version, 2, { version, at }));
      await compute(at, version);
    }

    const { body } = await getMetrics(lifecycle);

    const versions = String(body).matchAll(/window_predictions{model="rates",version="(\w+)"}/g);
    expect([...versions].map(([, version]) => version).toSorted()).toEqual(['before', 'new']);
  });

  it('count what was rebuilt from tasks after a buffer was lost', async () => {
    const records = recordsOf('a', 5);
    await storeTasks(lifecycle, records);
    const times = { opened_at: WINDOW - 1000, sent_at: WINDOW + 1000 };
    await lifecycles.run(lifecycle, 'monitoring', 'log', batchOf(records.slice(0, 2), times));

    await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    expect((await getMetrics(lifecycle)).body).toContain('modelyard_monitor_rebuilt_predictions{model="rates"} 3');
  });
});
