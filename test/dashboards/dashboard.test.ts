import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { findPrometheus, PrometheusServer, type Sample } from '#test/support/prometheus-server.ts';
import { asSent, dashboard, queriesOf } from './dashboard.ts';

/** Of which Prometheus needs two scrapes to tell a rate. */
const SCRAPE = '1s';
const RATE_INTERVAL = '5s';
const MODELS = ['gdp_growth_rate', 'model_a', 'model_b', 'unruly'];
const PAUSE_MS = 100;
const queries = queriesOf(dashboard);

const prometheus = findPrometheus('the queries of the dashboard');

describe.runIf(prometheus)('with real traffic, Prometheus', () => {
  let system: EmbeddedSystem;
  let server: PrometheusServer;
  const done = new AbortController();
  let traffic: Promise<void>;

  beforeAll(async () => {
    system = await EmbeddedSystem.start({ withFixtures: true });
    const targets = (await Promise.all(MODELS.map(endpointsOf))).flat();
    server = await PrometheusServer.start(String(prometheus), {
      global: { scrape_interval: SCRAPE, scrape_timeout: SCRAPE },
      scrape_configs: [
        { job_name: 'gateway', static_configs: [{ targets: [new URL(system.url).host] }] },
        { job_name: 'instances', static_configs: [{ targets }] },
      ],
    });
    traffic = makeTraffic();
  });

  afterAll(async () => {
    done.abort();
    await traffic;
    await server.stop();
    await system[Symbol.asyncDispose]();
  });

  async function endpointsOf(model: string): Promise<string[]> {
    const response = await system.fetch(`/models/${model}/instances`);
    const { instances } = (await response.json()) as { readonly instances: readonly { readonly endpoint: string }[] };
    return instances.map(({ endpoint }) => new URL(endpoint).host);
  }

  /** Successes, failures and retries of two models, until the tests are done. */
  async function makeTraffic(): Promise<void> {
    while (!done.signal.aborted) {
      await Promise.all([
        submit('model_a', { data: 'example' }),
        submit('unruly', { action: 'answer' }),
        submit('unruly', { action: 'refuse' }),
        submit('unruly', { action: 'fail once' }),
      ]);
      await sleep(PAUSE_MS);
    }
  }

  async function submit(model: string, body: unknown): Promise<void> {
    const headers = { 'Content-Type': 'application/json' };
    const answer = await system.fetch(`/models/${model}/tasks`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(202);
  }

  /** The answer once it satisfies; what it is by then is for the test to judge. */
  async function answerTo(expr: string, suffices: (samples: readonly Sample[]) => boolean): Promise<readonly Sample[]> {
    const query = asSent(expr, RATE_INTERVAL);
    for (;;) {
      const samples = await server.query(query);
      if (suffices(samples)) return samples;
      await sleep(PAUSE_MS);
    }
  }

  const numbers = (samples: readonly Sample[]): number[] => samples.map(({ value: [, text] }) => Number(text));
  const hasNumber = (samples: readonly Sample[]): boolean => numbers(samples).some(Number.isFinite);
  const ofPanel = (title: string): string[] => queries.filter((query) => query.title === title).map(({ expr }) => expr);

  it.each(queries)('answers $title: $expr', async ({ expr }) => {
    const samples = await answerTo(expr, hasNumber);

    expect(numbers(samples).filter((number) => number < 0)).toEqual([]);
  });

  it('counts the models that are active, and names them', async () => {
    const [active = ''] = ofPanel('Active models');
    const [named = ''] = ofPanel('Models');

    const [count] = numbers(await answerTo(active, hasNumber));
    const names = (await answerTo(named, hasNumber)).map(({ metric }) => metric.model);

    expect(names).toEqual(expect.arrayContaining(MODELS));
    expect(count).toBeGreaterThanOrEqual(MODELS.length);
    expect(count).toBeLessThanOrEqual(names.length);
  });

  it('has a queue and dead letters for every model', async () => {
    const [waiting = ''] = ofPanel('Queue per model');
    const [deadLetters = ''] = ofPanel('Dead letters');

    for (const expr of [waiting, deadLetters]) {
      const models = (await answerTo(expr, hasNumber)).map(({ metric }) => metric.model);
      expect(models).toEqual(expect.arrayContaining(MODELS));
    }
  });

  it('sees every outcome, and the retries of the model that fails', async () => {
    const flowing = (samples: readonly Sample[]) => numbers(samples).filter((rate) => rate > 0).length;
    const [outcomes = ''] = ofPanel('Throughput by outcome');
    const [retries = ''] = ofPanel('Retries');

    const seen = await answerTo(outcomes, (samples) => flowing(samples) >= 3);
    const retried = await answerTo(retries, (samples) => flowing(samples) >= 1);

    expect(seen.map(({ metric }) => metric.outcome)).toEqual(
      expect.arrayContaining(['failed', 'retried', 'succeeded']),
    );
    const failing = retried.filter(({ value: [, rate] }) => Number(rate) > 0);
    expect(failing.map(({ metric }) => metric.model)).toEqual(['unruly']);
  });

  it.each(['Queue time', 'Run time'])('orders the quantiles of %s', async (title) => {
    const [p50, p90, p99] = await Promise.all(
      ofPanel(title).map(async (expr) => {
        const samples = await answerTo(
          `(${expr}) and on (model) label_replace(vector(1), "model", "model_a", "", "")`,
          hasNumber,
        );
        return numbers(samples)[0];
      }),
    );

    expect(p50).toBeGreaterThan(0);
    expect(p90).toBeGreaterThanOrEqual(Number(p50));
    expect(p99).toBeGreaterThanOrEqual(Number(p90));
  });
});
