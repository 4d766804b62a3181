import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dialect } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { FileArtifactStore } from '#adapters/artifacts/file-artifact-store.ts';
import { openServiceDatabase, type ServiceDatabase } from '#adapters/sql/service-database.ts';
import { ModelyardError } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { computeWindow } from '#lifecycle/monitoring/compute-window.ts';
import { storeBatch } from '#lifecycle/monitoring/log-batch.ts';
import { manifest } from '#lifecycle/monitoring/manifest.ts';
import { getMetrics } from '#lifecycle/monitoring/metrics.ts';
import { readReport } from '#lifecycle/monitoring/read-report.ts';
import { recordOutcomes } from '#lifecycle/monitoring/record-outcomes.ts';
import { writeSettings } from '#lifecycle/monitoring/settings.ts';
import { OUTBOX_MIGRATIONS } from '#lifecycle/outbox.ts';
import { MODEL, recordsOf, WINDOW } from '#test/lifecycle/monitoring/support.ts';

/** That monitoring writes and reads the same on SQLite, PostgreSQL and Aurora DSQL. */
export function monitoringDatabaseContract(name: string, newDatabase: () => Promise<() => Dialect>): void {
  describe(`the database of monitoring: ${name}`, () => {
    const opened: ServiceDatabase<unknown>[] = [];
    const folders: string[] = [];
    const signal = new AbortController().signal;

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((database) => database.close()));
      await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
    });

    it('keeps windows, events and outcomes, each once', async () => {
      const migrations = { ...OUTBOX_MIGRATIONS, ...manifest.migrations };
      const dialect = (await newDatabase())();
      const database = await openServiceDatabase<unknown>({ dialect, migrations, name: 'monitoring' });
      const folder = await mkdtemp(join(tmpdir(), 'modelyard-monitoring-'));
      opened.push(database);
      folders.push(folder);
      const lifecycle = {
        stores: {
          database: async () => database,
          artifacts: new FileArtifactStore(folder),
          scratch: join(folder, 'scratch'),
        },
        platform: { clock: { now: () => WINDOW + 5000 }, contracts: { get: async () => undefined } },
        async ask() {
          throw new ModelyardError('resource_not_found', 'There is no such version.');
        },
      } as unknown as Lifecycle;
      const records = recordsOf('a', 40).map((record) => ({ ...record, version: '1' }));
      const run = { taskId: 'task', attempt: 1, owner: 'someone', signal };
      const compute = () => computeWindow(lifecycle, { model: MODEL, version: '1', start_at: WINDOW }, run);

      await writeSettings(lifecycle, MODEL, { min_predictions: 10 }, 'someone');
      for (const taskId of ['first', 'first', 'second']) {
        await storeBatch(lifecycle, { model: MODEL, records, source: 'instance' }, { taskId, signal });
      }
      const computed = [await compute(), await compute()];
      const predictions = new Map([['a-0', { model: MODEL, at: WINDOW, isNumber: true }]]);
      const asked = [
        { task_id: 'a-0', value: '1' },
        { task_id: 'none', value: '1' },
      ];
      const recorded = [
        await recordOutcomes(lifecycle, { asked, predictions, owner: 'someone' }),
        await recordOutcomes(lifecycle, { asked, predictions, owner: 'someone' }),
      ];
      computed.push(await compute());

      expect(computed.map(({ computed }) => computed)).toEqual([true, false, true]);
      expect(recorded).toEqual([
        [undefined, 'unknown_prediction'],
        ['duplicate_outcome', 'unknown_prediction'],
      ]);
      expect(await readReport(lifecycle, { model: MODEL })).toMatchObject({
        settings: { min_predictions: 10 },
        outcomes: { recorded: 1, refused: { duplicate_outcome: 1, unknown_prediction: 2 } },
        windows: [
          { version: '1', state: 'closed', predictions: 40, computed_at: new Date(WINDOW + 5000).toISOString() },
        ],
      });
      const { body } = await getMetrics(lifecycle);
      expect(body).toContain(`modelyard_monitor_window_predictions{model="${MODEL}",version="1"} 40`);
    });
  });
}
