import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import { decodeEnvelope, LOCAL_PRINCIPAL, loadPayload, STAGE_MODEL } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { monitoringDatabase } from '#lifecycle/monitoring/database.ts';
import { startDue } from '#lifecycle/monitoring/due.ts';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { runStage } from '#lifecycle/run-stage.ts';
import { lifecycleFilesIn } from '#platform/lifecycle-databases.ts';
import { openLifecycleStores } from '#platform/lifecycle-stores.ts';
import type { Platform } from '#platform/platform.ts';
import { StageRequest } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { PredictionLog } from '#runtime/instance/prediction-log.ts';
import { MODEL, recordsOf, register, storeTasks } from '#test/lifecycle/monitoring/support.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const INSTANCE = 'instance-1';
const MINUTE_MS = 60_000;

/** That the answers of instances reach the log of a platform in batches, and that nothing is lost with an instance. */
export function predictionLogContract(name: string, open: () => Promise<Platform>): void {
  describe(`the prediction log: ${name}`, { timeout: 60_000 }, () => {
    const folders = useDataFolders();
    let clock: ManualClock;
    let lifecycle: Lifecycle;

    beforeEach(async () => {
      clock = new ManualClock(Date.now());
      const folder = await folders.newFolder();
      const stores = await openLifecycleStores(lifecycleFilesIn(folder), { folder });
      lifecycle = await openLifecycle({ ...(await open()), clock, lifecycle: async () => stores }, silentLogger);
      await register(lifecycle);
    });
    afterEach(() => lifecycle.stores.close());

    /** Runs stages as a worker does until there is what a test waits for. */
    async function work(isDone: () => Promise<boolean>): Promise<void> {
      const stop = new AbortController();
      const consumer = lifecycle.platform.queues(STAGE_MODEL).consume({ leaseSeconds: 30, signal: stop.signal });
      while (!(await isDone())) {
        for (const delivery of await consumer.receive(10)) {
          const { request, taskId } = decodeEnvelope(delivery.body);
          const bytes = await loadPayload(lifecycle.platform.blobs, request);
          await runStage(lifecycle, StageRequest.decode(bytes), { taskId, attempt: 1, signal: stop.signal });
          await delivery.ack();
        }
      }
      stop.abort();
      await consumer.close();
    }

    async function batches() {
      const { query } = await monitoringDatabase(lifecycle);
      return query.selectFrom('batches').select(['artifact', 'records', 'source']).orderBy('records', 'desc').execute();
    }
    const logged = async () => (await batches()).map(({ records, source }) => [records, source]);
    async function ids(): Promise<readonly unknown[]> {
      await using tables = await openTables({ folder: lifecycle.stores.scratch });
      const files = await Promise.all(
        (await batches()).map(({ artifact }) => lifecycle.stores.artifacts.fileOf(artifact)),
      );
      const rows = await tables.rows(`SELECT DISTINCT task_id FROM read_parquet([${files.map(quoted).join()}])`);
      return rows.map(({ task_id }) => task_id);
    }

    function logOf(count: number): PredictionLog {
      const log = new PredictionLog({ ...lifecycle, model: MODEL, instance: INSTANCE, share: 1 });
      for (const record of recordsOf('a', count, { at: clock.now(), owner: LOCAL_PRINCIPAL.id })) {
        const {
          id: taskId,
          contract: contractHash,
          response_contract: responseHash,
          request,
          response,
          ...rest
        } = record;
        const [requestBytes, responseBytes] = [request, response].map((text) => Buffer.from(text ?? '', 'base64'));
        log.add({
          ...rest,
          taskId,
          contractHash,
          responseHash,
          request: requestBytes,
          response: responseBytes,
        } as never);
      }
      return log;
    }

    it('is handed on as 1,000 answers, or those of 60 s, each as one Parquet object', async () => {
      const log = logOf(1250);
      await work(async () => (await batches()).length === 1);
      expect(await logged()).toEqual([[1000, 'instance']]);

      await clock.advance(MINUTE_MS);
      await work(async () => (await batches()).length === 2);

      expect(await logged()).toEqual([
        [1000, 'instance'],
        [250, 'instance'],
      ]);
      expect(await ids()).toHaveLength(1250);
      await log.close();
    });

    it('is rebuilt from tasks where an instance disappeared before it was handed on', async () => {
      const records = recordsOf('a', 1030, { at: clock.now(), owner: LOCAL_PRINCIPAL.id });
      await storeTasks(lifecycle, records.slice(990), { instance: INSTANCE });
      logOf(1030);
      await work(async () => (await batches()).length === 1);

      await clock.advance(MINUTE_MS / 2);
      await startDue(lifecycle);
      expect(await logged()).toEqual([[1000, 'instance']]);
      // Its timer dies with the instance, so only the clock of the others goes on.
      const laterClock = new ManualClock(clock.now() + 2 * MINUTE_MS);
      await startDue({ ...lifecycle, platform: { ...lifecycle.platform, clock: laterClock } });
      await work(async () => (await batches()).length === 2);

      expect(await logged()).toEqual([
        [1000, 'instance'],
        [30, 'tasks'],
      ]);
      expect(await ids()).toHaveLength(1030);
    });
  });
}
