import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../architecture/cruise.ts';
import { dashboard, queries } from './dashboard.ts';

const read = (path: string) => parse(readFileSync(`${ROOT}/${path}`, 'utf8'));
const compose = read('compose.yaml');

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

  it('asks the data source that is provisioned, which is the Prometheus of compose.yaml', () => {
    const { datasources } = read('docker/grafana/provisioning/datasources/prometheus.yaml');
    const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ datasource }) => datasource.uid));

    expect(new Set(asked)).toEqual(new Set([datasources[0].uid]));
    expect(Object.keys(compose.services)).toContain(new URL(datasources[0].url).hostname);
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

describe('what Prometheus scrapes', () => {
  const { scrape_configs: jobs } = read('docker/prometheus/prometheus.yml');
  const names = jobs.flatMap((job: { dns_sd_configs: { names: string[] }[] }) => job.dns_sd_configs[0]?.names);

  it('is the gateway of every profile, by one name', () => {
    const gateways = Object.entries<{ networks?: { default: { aliases: string[] } } }>(compose.services)
      .filter(([name]) => name.startsWith('gateway'))
      .map(([name, { networks }]) => [name, ...(networks?.default.aliases ?? [])]);

    expect(names).toContain('gateway');
    expect(gateways).toHaveLength(3);
    expect(gateways.filter((known) => !known.includes('gateway'))).toEqual([]);
  });

  it('is every instance, by the name that all models answer to', () => {
    expect(names).toContain(compose['x-model'].networks.default.aliases[0]);
  });
});
