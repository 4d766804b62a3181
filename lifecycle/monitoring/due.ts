import { isAlive, PREDICTION_LOG_OWNER } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { startStage } from '../stages.ts';
import { monitoringDatabase } from './database.ts';
import { manifest } from './manifest.ts';
import { readSettings } from './settings.ts';
import type { LogWriterRow, WindowRow } from './tables.ts';

/** Maximum number of windows of a model that one call starts. The next call starts the others. */
const MAX_STARTED = 100;
/** Longer than a buffer is kept, so that its batch is on its way. */
const SILENT_MS = 90_000;
/** After it, work that is still due is started again: its stage has failed or expired, or it finds nothing to do. */
const AGAIN_MS = 86_400_000;

/** Starts what is due: windows that are complete or have changed, and logs that were lost with their instance. */
export async function startDue(lifecycle: Pick<Lifecycle, 'platform' | 'stores' | 'logger'>): Promise<void> {
  const { query } = await monitoringDatabase(lifecycle);
  const now = lifecycle.platform.clock.now();
  const waiting = query.selectFrom('windows').where('state', 'in', ['open', 'late']).where('end_at', '<=', now);
  // Each model has its own grace, and holds up no other.
  for (const { model } of await waiting.select('model').distinct().execute()) {
    const { grace_seconds } = await readSettings(lifecycle, model);
    const windows = waiting
      .select(['model', 'version', 'start_at', 'revision'])
      .where('model', '=', model)
      .where('end_at', '<=', now - grace_seconds * 1000);
    for (const window of await windows.orderBy('end_at').limit(MAX_STARTED).execute()) {
      await startCompute(lifecycle, window);
    }
  }
  const writers = query.selectFrom('log_writers').selectAll().where('state', '=', 'open');
  // A busy one is never silent.
  const isDue = writers.where(({ eb, or }) =>
    or([eb('seen_at', '<', now - SILENT_MS), eb('lost_since', '<', now - SILENT_MS)]),
  );
  for (const writer of await isDue.execute()) {
    const { lost_since, seen_at } = writer;
    if (lost_since === null && (await isRunning(lifecycle, writer))) continue;
    await start(lifecycle, 'rebuild', { writer: writer.writer }, `${writer.writer}/${lost_since ?? seen_at}`);
  }
}

type Window = Pick<WindowRow, 'model' | 'version' | 'start_at' | 'revision'>;

const startCompute = (
  lifecycle: Pick<Lifecycle, 'platform' | 'logger'>,
  { model, version, start_at, revision }: Window,
) => start(lifecycle, 'compute', { model, version, start_at }, `${model}/${version}/${start_at}/${revision}`);

async function start(
  lifecycle: Pick<Lifecycle, 'platform' | 'logger'>,
  stage: string,
  args: Readonly<Record<string, string | number>>,
  key: string,
): Promise<void> {
  const day = Math.floor(lifecycle.platform.clock.now() / AGAIN_MS);
  await startStage(lifecycle, {
    ...{ service: manifest.name, stage, args, owner: PREDICTION_LOG_OWNER },
    key: `${stage}/${key}/${day}`,
  });
}

/** Whether its instance still collects answers. */
export async function isRunning(
  { platform }: Pick<Lifecycle, 'platform'>,
  { instance, seen_at }: LogWriterRow,
): Promise<boolean> {
  const { instances } = await platform.registry.snapshot();
  const now = platform.clock.now();
  // An instance that was started again has the same id.
  return instances.some((each) => each.id === instance && isAlive(each, now) && each.startedAt <= seen_at);
}
