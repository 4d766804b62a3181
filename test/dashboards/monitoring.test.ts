import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { getMetrics } from '#lifecycle/monitoring/metrics.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { ROOT } from '../architecture/cruise.ts';

describe('the dashboard of monitoring', () => {
  const lifecycles = useLifecycle();

  it('asks for metrics that monitoring has, and for nothing else', async () => {
    const text = readFileSync(`${ROOT}/docker/grafana/dashboards/monitoring.json`, 'utf8');
    const { panels } = JSON.parse(text) as { panels: { title: string; targets: { expr: string }[] }[] };
    const { body } = await getMetrics(await lifecycles.open());
    const known = new Set([...String(body).matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));

    const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/modelyard_\w+/g) ?? []));

    expect(asked.length).toBeGreaterThanOrEqual(panels.length);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });
});
