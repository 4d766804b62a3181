import {
  inBatches,
  isTriggeredBy,
  type LifecycleEvent,
  MAX_DEADLINE_SECONDS,
  type Pipeline,
  subjectOf,
  type TriggerEvent,
} from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { runIdOf, startRun } from './start-runs.ts';
import { logLine, pipelinesDatabase } from './stored-runs.ts';

/** Older events that were lost start nothing any more: as long as stages wait for a database that is away. */
const CATCH_UP_MS = MAX_DEADLINE_SECONDS * 1000;
/** Of a statement. */
const MAX_IDS = 500;

interface Triggered {
  readonly pipeline: Pipeline;
  readonly owner: string;
  /** Events before it start nothing. Unix milliseconds. */
  readonly since: number;
}

async function triggeredPipelines(lifecycle: Lifecycle): Promise<readonly Triggered[]> {
  const { query } = await pipelinesDatabase(lifecycle);
  const rows = await query.selectFrom('pipelines').selectAll().execute();
  return rows.flatMap(({ definition, owner, updated_at: since }) => {
    const pipeline = JSON.parse(definition) as Pipeline;
    return pipeline.triggers?.length ? [{ pipeline, owner, since }] : [];
  });
}

/** Starts the pipelines that the events trigger. The run of an event exists once. */
export async function startByEvents(lifecycle: Lifecycle, events: readonly LifecycleEvent[]): Promise<void> {
  await start(lifecycle, await triggeredPipelines(lifecycle), events);
}

/** Starts what events of the last week have triggered whose delivery was lost. */
export async function catchUpEvents(lifecycle: Lifecycle): Promise<void> {
  const pipelines = await triggeredPipelines(lifecycle);
  if (pipelines.length === 0) return;
  const defined = Math.min(...pipelines.map(({ since }) => since));
  const since = Math.max(defined, lifecycle.platform.clock.now() - CATCH_UP_MS);
  const types: TriggerEvent[] = pipelines.flatMap(({ pipeline }) =>
    (pipeline.triggers ?? []).map(({ event }) => event),
  );
  await start(lifecycle, pipelines, await lifecycle.eventsSince([...new Set(types)], since));
}

async function start(
  lifecycle: Lifecycle,
  pipelines: readonly Triggered[],
  events: readonly LifecycleEvent[],
): Promise<void> {
  const wanted = pipelines.flatMap(({ pipeline, owner, since }) =>
    events
      .filter((event) => event.createdAt >= since && isTriggeredBy(pipeline.triggers, event))
      .map((event) => {
        const logicalDate = new Date(event.createdAt).toISOString().slice(0, 10);
        const run = { pipeline, owner, logicalDate, cause: `event:${event.id}` };
        return { id: runIdOf(run), run, event };
      }),
  );
  const known = await knownRuns(
    lifecycle,
    wanted.map(({ id }) => id),
  );
  for (const { id, run, event } of wanted) {
    if (known.has(id)) continue;
    await startRun(lifecycle, run);
    const subject = subjectOf({ ...event.payload, event: event.type });
    await logLine(lifecycle, id, '', `Started by ${event.type} of ${subject}.`);
  }
}

async function knownRuns(lifecycle: Lifecycle, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { query } = await pipelinesDatabase(lifecycle);
  const known = new Set<string>();
  for (const some of inBatches(ids, MAX_IDS)) {
    for (const { id } of await query.selectFrom('runs').select('id').where('id', 'in', some).execute()) known.add(id);
  }
  return known;
}
