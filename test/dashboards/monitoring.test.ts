import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject, LifecycleService } from '#core';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { runStage } from '#lifecycle/run-stage.ts';
import { ask, batchOf, MODEL, recordsOf, register, storeTasks, WINDOW } from '#test/lifecycle/monitoring/support.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { findPrometheus, PrometheusServer, type Sample } from '#test/support/prometheus-server.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { asSent, monitoring, queriesOf } from './dashboard.ts';

const SCRAPE = '1s';
const PAUSE_MS = 100;
const prometheus = findPrometheus('the queries of the dashboard of models');
const folders = useDataFolders();

describe.runIf(prometheus)('with a model whose data has drifted, Prometheus', () => {
  let system: EmbeddedSystem;
  let server: PrometheusServer;

  beforeAll(async () => {
    const folder = await folders.newFolder();
    await watchModel(folder);
    system = await EmbeddedSystem.start({ dataFolder: folder });
    const targets = [new URL(system.url).host];
    server = await PrometheusServer.start(String(prometheus), {
      global: { scrape_interval: SCRAPE, scrape_timeout: SCRAPE },
      scrape_configs: [{ job_name: 'lifecycle', metrics_path: '/lifecycle/metrics', static_configs: [{ targets }] }],
    });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await system?.[Symbol.asyncDispose]();
  });

  /** A trained version with a judged window that has drifted, an outcome, and one that is refused. */
  async function watchModel(folder: string): Promise<void> {
    const lifecycle = await openLifecycle(await folders.open({ folder }), silentLogger);
    const { signal } = new AbortController();
    const run = (service: LifecycleService, stage: string, args: JsonObject) => {
      const request = { service, stage, arguments_json: JSON.stringify(args), owner: 'someone' };
      return runStage(lifecycle, request, { taskId: stage, attempt: 1, signal });
    };
    await register(lifecycle);
    await run('training', 'train', orderOf(await storeTrainingSet(lifecycle)));
    const records = recordsOf('a', 40, { rate: 12 });
    await storeTasks(lifecycle, records);
    await run('monitoring', 'log', batchOf(records));
    const outcomes = [12, 1].map((value) => ({ task_id: 'a-0', value }));
    await ask(lifecycle, 'POST /outcomes', { body: { outcomes } });
    await run('monitoring', 'compute', { model: MODEL, version: '1', start_at: WINDOW });
  }

  /** Once Prometheus has read the metrics. */
  async function answerTo(expr: string): Promise<readonly Sample[]> {
    for (;;) {
      const samples = await server.query(asSent(expr, SCRAPE));
      if (samples.length > 0) return samples;
      await sleep(PAUSE_MS);
    }
  }

  it.each(queriesOf(monitoring))('answers $title: $expr', async ({ expr }) => {
    const samples = await answerTo(expr);

    expect(samples.map(({ value: [, text] }) => Number(text)).every(Number.isFinite)).toBe(true);
  });

  it('knows the feature that has drifted, and the models to choose from', async () => {
    const drifted = await answerTo('modelyard_monitor_drifted == 1');
    const choice = monitoring.templating.list.map(
      ({ definition }) => /label_values\((\w+), model\)/.exec(definition)?.[1],
    );

    expect(drifted.map(({ metric }) => metric.feature)).toContain('rate');
    expect((await answerTo(String(choice[0]))).map(({ metric }) => metric.model)).toEqual([MODEL]);
  });
});
