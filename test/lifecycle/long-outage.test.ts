import { expect, it } from 'vitest';
import { DAY_MS, listTasks, PREDICTION_LOG_OWNER } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { databaseOf } from '#lifecycle/lifecycle.ts';
import { manifest } from '#lifecycle/monitoring/manifest.ts';
import { relayAll } from '#lifecycle/relay.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();

it('the stages of an event wait for a database that is away for days', async () => {
  // The store forgets by its own clock.
  const clock = new ManualClock(Date.now());
  const opened = await lifecycles.open();
  const lifecycle: Lifecycle = { ...opened, platform: { ...opened.platform, clock } };
  const { query } = await databaseOf<unknown>(lifecycle, manifest);
  const event = { id: 'e', type: 'drift.detected', owner: PREDICTION_LOG_OWNER, payload: '{}', sent_at: null };
  await query
    .insertInto('outbox')
    .values({ ...event, created_at: clock.now() })
    .execute();

  await relayAll(lifecycle);
  await clock.advance(6 * DAY_MS);

  const { tasks } = await listTasks(lifecycle.platform, { owner: PREDICTION_LOG_OWNER, limit: 10 });
  expect(tasks.map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
});
