import { beforeEach, describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import { isLogged, type JsonObject } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { startDue } from '#lifecycle/monitoring/due.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { anInstance } from '#test/support/registry.ts';
import { ask, HOUR, MODEL, openTrained, recordsOf, stagesOf, storeTasks, WINDOW } from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;

const { log, compute, windowAt } = stagesOf(lifecycles, () => lifecycle);

beforeEach(async () => {
  lifecycle = await openTrained(lifecycles);
});

describe('the prediction log', () => {
  it('keeps a batch as one Parquet object with all that is known of each prediction', async () => {
    await log(recordsOf('a', 120));

    const { query } = await lifecycle.stores.database<{ batches: { artifact: string; records: number } }>(
      'monitoring',
      {},
    );
    const batches = await query.selectFrom('batches').selectAll().execute();
    await using tables = await openTables({ folder: lifecycle.stores.scratch });
    const file = quoted(await lifecycle.stores.artifacts.fileOf(batches[0]?.artifact ?? ''));
    const rows = await tables.rows(`SELECT * FROM read_parquet(${file})`);
    expect(batches).toHaveLength(1);
    expect(rows).toHaveLength(120);
    expect(rows[1]).toMatchObject({
      ...{
        task_id: 'a-1',
        owner: 'someone',
        consent: 'full',
        model: MODEL,
        version: '1',
        shadow: false,
        predicted_at: String(WINDOW + 1000),
      },
      request: expect.stringContaining('"rate":3.1'),
      prediction: 3,
    });
  });

  it('keeps what users allow', async () => {
    await ask(lifecycle, 'PUT /users/me/consent', { owner: 'shy', body: { prediction_log: 'answers' } });
    await ask(lifecycle, 'PUT /users/me/consent', { owner: 'silent', body: { prediction_log: 'none' } });

    const { records } = await log([
      ...recordsOf('a', 3),
      ...recordsOf('b', 3, { owner: 'shy' }),
      ...recordsOf('c', 3, { owner: 'silent' }),
    ]);

    expect(records).toBe(6);
    await compute();
    expect((await windowAt())?.quality.rate?.rows).toBe(3);
    expect((await windowAt())?.quality.prediction?.rows).toBe(6);
    expect((await ask(lifecycle, 'GET /users/me/consent', { owner: 'shy' })).fields).toEqual({
      prediction_log: 'answers',
    });
    for (const body of [{ prediction_log: 'all' }, { prediction_log: 'full', ease: true }] as JsonObject[]) {
      await expect(ask(lifecycle, 'PUT /users/me/consent', { body })).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });

  it('rebuilds from tasks what an instance could not hand on', async () => {
    const records = recordsOf('a', 150);
    await storeTasks(lifecycle, records);
    await storeTasks(lifecycle, recordsOf('other', 3), { instance: 'another-instance' });
    await log(records.slice(0, 100), { opened_at: WINDOW - 1000, sent_at: WINDOW + 100_000 });

    const rebuilt = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });
    const again = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    expect([rebuilt.records, again.records]).toEqual([50, 0]);
    await compute();
    expect((await windowAt())?.predictions).toBe(150);
  });

  it('rebuilds what an instance loses after it was taken for dead and went on', async () => {
    const records = recordsOf('a', 150);
    await storeTasks(lifecycle, records);
    await log(records.slice(0, 50), { opened_at: WINDOW - 1000, sent_at: WINDOW + 50_000 });
    await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });
    await log(records.slice(50, 100), { sent_at: WINDOW + 100_000 });
    const late = recordsOf('late', 20, { at: WINDOW + 150_000 });
    await storeTasks(lifecycle, late);

    const rebuilt = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    expect(rebuilt.records).toBe(20);
  });

  it('rebuilds what a busy instance could not hand on, and again what it loses later', async () => {
    // No window is due.
    await ask(lifecycle, 'PUT /models/{model}/monitor', { body: { grace_seconds: 86_400 }, role: 'operator' });
    const now = lifecycle.platform.clock.now();
    const instance = { id: 'instance-1', model: MODEL, startedAt: now - 2 * HOUR };
    await lifecycle.platform.registry.putInstance(anInstance(instance));
    const at = now - HOUR / 2;
    const records = recordsOf('a', 60, { at });
    await storeTasks(lifecycle, records);
    await log(records.slice(40), { opened_at: at, sent_at: now, lost_since: at });

    await startDue(lifecycle);
    const rebuilt = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });
    const later = recordsOf('b', 5, { at: now });
    await storeTasks(lifecycle, later);
    const again = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    expect((await lifecycle.platform.tasks.list({ owner: 'prediction-log', limit: 100 })).tasks).toHaveLength(1);
    expect([rebuilt.records, again.records]).toEqual([40, 5]);
  });

  it('rebuilds only the share that the instance logs', async () => {
    const records = recordsOf('a', 100);
    await storeTasks(lifecycle, records);
    await log(records.slice(0, 1), { share: 0.3, opened_at: WINDOW - 1000, sent_at: WINDOW + 100_000 });

    const rebuilt = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    const share = records.slice(1).filter(({ id }) => isLogged(id, 0.3)).length;
    expect(share).toBeLessThan(records.length);
    expect(rebuilt.records).toBe(share);
  });

  it('rebuilds what a caller was answered although the answer of a shadow to the same task is logged', async () => {
    const records = recordsOf('a', 5);
    await storeTasks(lifecycle, records);
    const shadowed = recordsOf('a', 5, { shadow: true, version: '2' });
    await log(shadowed, { opened_at: WINDOW - 1000, sent_at: WINDOW + 1000 });

    const rebuilt = await lifecycles.run(lifecycle, 'monitoring', 'rebuild', { writer: 'instance-1' });

    expect(rebuilt.records).toBe(5);
  });

  it('starts to rebuild the log of an instance that has disappeared, and not that of one that has closed', async () => {
    await storeTasks(lifecycle, recordsOf('a', 2));
    await log([], { opened_at: WINDOW, sent_at: WINDOW });
    await log([], { instance: 'instance-2', opened_at: WINDOW, sent_at: WINDOW, closed: true });

    await ask(lifecycle, 'GET /models/{model}/monitor');

    const { tasks } = await lifecycle.platform.tasks.list({ owner: 'prediction-log', limit: 100 });
    expect(tasks).toHaveLength(1);
  });
});
