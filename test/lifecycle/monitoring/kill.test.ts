import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { openLifecycle } from '#lifecycle/open-lifecycle.ts';
import { orderOf, storeTrainingSet } from '#test/lifecycle/training/support.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { ROOT } from '../../architecture/cruise.ts';
import { batchOf, eventsOf, MODEL, recordsOf, register, reportOf, WINDOW } from './support.ts';

const folders = useDataFolders();
const BATCHES = 4;
/** Milliseconds after which the process is killed, once it is ready. The last one gets to the end. */
const KILLED_AFTER = [0, 60, 140, 250, 400, 700, undefined];

/** Each batch is logged and its window computed, as tasks that are delivered again after a kill. */
const STAGES = Array.from({ length: BATCHES }, (_, at) => [
  { operation: 'monitoring.log', args: batchOf(recordsOf(`batch-${at}`, 40, { rate: 12 })), taskId: `log-${at}` },
  { operation: 'monitoring.compute', args: { model: MODEL, version: '1', start_at: WINDOW }, taskId: `compute-${at}` },
]).flat();

async function runUntilKilled(folder: string, afterMs: number | undefined): Promise<void> {
  const script = `${ROOT}/test/lifecycle/monitoring/killed-worker.ts`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, folder, JSON.stringify(STAGES)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  child.stdout.resume();
  if (afterMs !== undefined) {
    await sleep(afterMs);
    child.kill('SIGKILL');
  }
  const [code, signal] = await ended;
  if (afterMs === undefined) expect({ code, signal }).toEqual({ code: 0, signal: null });
}

describe('monitoring that is killed with SIGKILL at any moment', () => {
  it('loses no prediction and reports nothing twice', async () => {
    const folder = await folders.newFolder();
    const lifecycle = await openLifecycle(await folders.open({ folder }), silentLogger);
    await register(lifecycle);
    const hash = await storeTrainingSet(lifecycle);
    const run = { taskId: 'train', attempt: 1, owner: 'someone', signal: new AbortController().signal };
    await lifecycle.perform('training.train', orderOf(hash), run);

    for (const afterMs of KILLED_AFTER) await runUntilKilled(folder, afterMs);

    const { windows } = await reportOf(lifecycle);
    expect(windows).toEqual([expect.objectContaining({ state: 'closed', predictions: 40 * BATCHES, drifted: true })]);
    const reported = await eventsOf(lifecycle, 'drift.detected');
    expect(reported.map(({ feature }) => feature).toSorted()).toEqual(['prediction', 'rate']);
    const revisions = (await eventsOf(lifecycle, 'window.computed')).map(({ revision }) => revision);
    expect(new Set(revisions).size).toBe(revisions.length);
    expect(Math.max(...revisions.map(Number))).toBe(BATCHES);
  });
});
