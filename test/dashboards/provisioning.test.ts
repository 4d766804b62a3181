import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { LIFECYCLE_ROUTES } from '#api/http/lifecycle-routes.ts';
import { ROOT } from '../architecture/cruise.ts';
import { dashboard, monitoring, queriesOf } from './dashboard.ts';

const read = (path: string) => parse(readFileSync(`${ROOT}/${path}`, 'utf8'));
const compose = read('compose.yaml');
const queries = queriesOf(dashboard);

describe('what Grafana is given', () => {
  it('shows what an operator asks first', () => {
    expect(dashboard.panels.map(({ title }) => title)).toEqual(
      expect.arrayContaining([
        'Active models',
        'Models',
        'Instances per model',
        'Queue per model',
        'Dead letters',
        'Throughput by outcome',
        'Queue time',
        'Run time',
        'Retries',
      ]),
    );
    expect(queries.length).toBeGreaterThanOrEqual(dashboard.panels.length);
  });

  it.each(['queue', 'run'])('shows p50, p90 and p99 of the %s time', (phase) => {
    const quantiles = queries
      .filter(({ expr }) => expr.includes(`_${phase}_duration_`))
      .map(({ expr }) => /histogram_quantile\(([\d.]+)/.exec(expr)?.[1]);

    expect(quantiles).toEqual(['0.5', '0.9', '0.99']);
  });

  it('counts with the step that Prometheus scrapes in', () => {
    const { datasources } = read('docker/grafana/provisioning/datasources/prometheus.yaml');
    const { global } = read('docker/prometheus/prometheus.yml');

    expect(datasources[0].jsonData.timeInterval).toBe(global.scrape_interval);
  });

  it('finds the dashboard where compose.yaml puts it', () => {
    const { providers } = read('docker/grafana/provisioning/dashboards/modelyard.yaml');

    expect(compose.services.grafana.volumes).toContain(`./docker/grafana/dashboards:${providers[0].options.path}:ro`);
    expect(compose.services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(
      `${providers[0].options.path}/modelyard.json`,
    );
  });
});

describe.each([
  ['of the system', dashboard],
  ['of models', monitoring],
])('the dashboard %s', (_, given) => {
  const { panels } = given;
  const variables = given.templating.list;

  it('asks the data source that is provisioned, which is the Prometheus of compose.yaml', () => {
    const { datasources } = read('docker/grafana/provisioning/datasources/prometheus.yaml');
    const asked = [...panels, ...panels.flatMap(({ targets }) => targets), ...variables];

    expect(new Set(asked.map(({ datasource }) => datasource.uid))).toEqual(new Set([datasources[0].uid]));
    expect(Object.keys(compose.services)).toContain(new URL(datasources[0].url).hostname);
  });

  it('uses the variables that it lets people choose, and those of Grafana', () => {
    const used = queriesOf(given).flatMap(({ expr }) => [...expr.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name));
    const own = used.filter((name) => !name.startsWith('__'));

    expect(new Set(own)).toEqual(new Set(variables.map(({ name }) => name)));
    expect(used.filter((name) => !own.includes(name) && name !== '__rate_interval')).toEqual([]);
  });

  it('has panels of its own ids that cover nothing of each other, on 24 columns', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );

    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x < 0 || x + w > 24)).toEqual([]);
  });

  it('names panels and units that Grafana has by itself', () => {
    const types = new Set(panels.map(({ type }) => type));
    const units = new Set(panels.map(({ fieldConfig }) => fieldConfig.defaults.unit ?? 'none'));

    expect([...types].filter((type) => !['stat', 'table', 'timeseries'].includes(type))).toEqual([]);
    expect([...units].filter((unit) => !['none', 'short', 's', 'reqps', 'percentunit'].includes(unit))).toEqual([]);
  });
});

describe('what Prometheus scrapes', () => {
  const { scrape_configs: jobs } = read('docker/prometheus/prometheus.yml');
  const [gateway, lifecycle, instances] = jobs;

  it('is the gateway of every profile, by one name', () => {
    const gateways = Object.entries<{ networks?: { default: { aliases: string[] } } }>(compose.services)
      .filter(([name]) => name.startsWith('gateway'))
      .map(([name, { networks }]) => [name, ...(networks?.default.aliases ?? [])]);

    // By name, because the gateway knows no host names by which its address is called.
    expect(gateway.static_configs).toEqual([{ targets: ['gateway:8000'] }]);
    expect(gateways).toHaveLength(5);
    expect(gateways.filter((known) => !known.includes('gateway'))).toEqual([]);
  });

  it('is the lifecycle, only where its gateway runs, by the name that the gateway accepts', () => {
    expect(lifecycle).toMatchObject({ metrics_path: '/lifecycle/metrics', authorization: gateway.authorization });
    expect(Object.keys(compose.services)).toContain(lifecycle.dns_sd_configs[0].names[0]);
    expect(lifecycle.relabel_configs[0]).toEqual({ target_label: '__address__', replacement: 'gateway:8000' });
    expect(LIFECYCLE_ROUTES.map(({ path }) => path)).toContain(lifecycle.metrics_path);
  });

  it('is every instance, by the name that all models answer to', () => {
    expect(instances.dns_sd_configs[0].names).toEqual(compose['x-model'].networks.default.aliases);
  });
});
