import { beforeEach, describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import { type JsonObject, type LoggedPrediction, PREDICTION_LOG_OWNER } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { monitoringDatabase } from '#lifecycle/monitoring/database.ts';
import { useLifecycle } from '#test/lifecycle/support.ts';
import { ask, batchOf, recordsOf, register, storeTasks } from './support.ts';

const lifecycles = useLifecycle();
let lifecycle: Lifecycle;
/** The id of a user. */
const ANN = 'a'.repeat(32);

const log = (records: readonly LoggedPrediction[]) => lifecycles.run(lifecycle, 'monitoring', 'log', batchOf(records));

/** All that is logged, by task. */
async function loggedRows(): Promise<readonly JsonObject[]> {
  const { query } = await monitoringDatabase(lifecycle);
  await using tables = await openTables({ folder: lifecycle.stores.scratch });
  const rows: JsonObject[] = [];
  for (const { artifact } of await query.selectFrom('batches').select('artifact').execute()) {
    const file = quoted(await lifecycle.stores.artifacts.fileOf(artifact));
    const found = await tables.rows(
      `SELECT task_id, consent, request IS NOT NULL AS "hasRequest" FROM read_parquet(${file})`,
    );
    rows.push(...(found as JsonObject[]));
  }
  return rows.toSorted((a, b) => (String(a.task_id) < String(b.task_id) ? -1 : 1));
}

beforeEach(async () => {
  lifecycle = await lifecycles.open();
  await register(lifecycle);
});

describe('the prediction log', () => {
  it('deletes what it has of a user, and nothing else', async () => {
    await log([...recordsOf('mine', 20, { owner: ANN }), ...recordsOf('other', 30)]);
    await storeTasks(lifecycle, [...recordsOf('mine', 2, { owner: ANN }), ...recordsOf('other', 2)]);
    const report = (owner: string, ...ids: string[]) =>
      ask(lifecycle, 'POST /outcomes', {
        ...{ owner, role: 'operator', body: { outcomes: ids.map((task_id) => ({ task_id, value: 1 })) } },
      });
    await report(ANN, 'mine-0', 'other-0');
    await report('someone', 'mine-1', 'other-1');
    const { query } = await monitoringDatabase(lifecycle);
    const [before] = await query.selectFrom('batches').select('artifact').execute();
    const erase = { owner: ANN, before: Date.now(), deleted: true };

    const run = { taskId: 'erase', attempt: 1, owner: PREDICTION_LOG_OWNER, signal: new AbortController().signal };
    const eraseAll = () => lifecycle.perform('monitoring.erase', erase, run);

    const first = await eraseAll();
    const again = await eraseAll();
    await log(recordsOf('late', 5, { owner: ANN }));

    expect([first, again]).toEqual([{ erased: 20 }, { erased: 0 }]);
    const batches = await query.selectFrom('batches').selectAll().execute();
    expect(batches.map(({ records }) => records)).toEqual([30]);
    await using tables = await openTables({ folder: lifecycle.stores.scratch });
    const file = quoted(await lifecycle.stores.artifacts.fileOf(batches[0]?.artifact ?? ''));
    const owners = await tables.rows(`SELECT DISTINCT owner FROM read_parquet(${file})`);
    expect(owners).toEqual([{ owner: 'someone' }]);
    await expect(lifecycle.stores.artifacts.fileOf(before?.artifact ?? '')).rejects.toThrow('no artifact');
    expect(await query.selectFrom('outcomes').select(['task_id', 'owner']).orderBy('task_id').execute()).toEqual([
      { task_id: 'other-0', owner: 'deleted-user' },
      { task_id: 'other-1', owner: 'someone' },
    ]);
  });

  it('gives a user all own predictions, and the outcomes of others without who has sent them', async () => {
    await log([...recordsOf('mine', 20, { owner: ANN }), ...recordsOf('other', 30)]);
    await log(recordsOf('later', 10, { owner: ANN }));
    await log(recordsOf('others', 10));
    await storeTasks(lifecycle, [...recordsOf('mine', 1, { owner: ANN }), ...recordsOf('other', 1)]);
    await ask(lifecycle, 'POST /outcomes', {
      ...{ owner: 'someone', role: 'operator' },
      body: { outcomes: ['mine-0', 'other-0'].map((task_id) => ({ task_id, value: 1 })) },
    });
    await ask(lifecycle, 'PUT /users/me/consent', { owner: ANN, body: { prediction_log: 'full' } });

    const run = { taskId: 'export', attempt: 1, owner: ANN, signal: new AbortController().signal };
    const { rows, next } = await lifecycle.perform('monitoring.export', { owner: ANN }, run);

    const of = (name: string) =>
      (rows as readonly { table: string; row: JsonObject }[])
        .filter(({ table }) => table === name)
        .map(({ row }) => row);
    expect(next).toBeNull();
    expect(of('prediction_log').map(({ owner }) => owner)).toEqual(Array(30).fill(ANN));
    expect(of('prediction_log')[0]).toMatchObject({ task_id: 'mine-0', request: expect.stringContaining('rate') });
    expect(of('outcomes')).toMatchObject([{ task_id: 'mine-0', value: '1' }]);
    expect(of('consents')).toMatchObject([{ owner: ANN, prediction_log: 'full' }]);
    expect(JSON.stringify(rows)).not.toContain('someone');
  });

  it('deletes what was logged before when its user asks for it', async () => {
    const { fields } = await ask(lifecycle, 'PUT /users/me/consent', {
      ...{ owner: 'ann', body: { prediction_log: 'answers', erase: true } },
    });
    const task = await lifecycle.platform.tasks.get(String(fields.erased_by));

    expect(fields.prediction_log).toBe('answers');
    expect(task).toMatchObject({ owner: 'ann', model: 'lifecycle' });
    // What an instance still had, and what comes from now on.
    await log([...recordsOf('old', 5, { owner: 'ann' }), ...recordsOf('new', 3, { owner: 'ann', at: Date.now() })]);
    const { query } = await monitoringDatabase(lifecycle);
    expect(await query.selectFrom('batches').select('records').execute()).toEqual([{ records: 3 }]);
  });

  it('keeps what was forbidden when it was asked for, also when it is allowed later', async () => {
    const clock = { ...lifecycle.platform.clock, now: () => now };
    let now = Date.now();
    const timed = { ...lifecycle, platform: { ...lifecycle.platform, clock } };
    const records: LoggedPrediction[] = [];
    for (const prediction_log of ['none', 'answers', 'full']) {
      now += 1000;
      await ask(timed, 'PUT /users/me/consent', { owner: 'ann', body: { prediction_log } });
      records.push(...recordsOf(prediction_log, 1, { owner: 'ann', at: now + 1 }));
    }

    await log([...recordsOf('before', 1, { owner: 'ann', at: now - 5000 }), ...records]);

    expect(await loggedRows()).toEqual([
      { task_id: 'answers-0', consent: 'answers', hasRequest: false },
      { task_id: 'before-0', consent: 'full', hasRequest: true },
      { task_id: 'full-0', consent: 'full', hasRequest: true },
    ]);
  });

  it('does not store what its user erases while it is written', async () => {
    const { stores } = lifecycle;
    const erase = () =>
      ask(lifecycle, 'PUT /users/me/consent', { owner: 'ann', body: { prediction_log: 'full', erase: true } });
    let isErased = false;
    const putFile = async (path: string) => {
      if (!isErased) await erase();
      isErased = true;
      return stores.artifacts.putFile(path);
    };
    const { fileOf, delete: remove } = stores.artifacts;
    const artifacts = {
      ...{ putFile, fileOf: fileOf.bind(stores.artifacts), delete: remove.bind(stores.artifacts) },
    } as unknown as typeof stores.artifacts;
    const slow = { ...lifecycle, stores: { ...stores, artifacts } };

    const records = [...recordsOf('mine', 3, { owner: 'ann' }), ...recordsOf('other', 2)];
    await lifecycles.run(slow, 'monitoring', 'log', batchOf(records));

    expect((await loggedRows()).map(({ task_id }) => task_id)).toEqual(['other-0', 'other-1']);
  });

  it('erases for several users at the same moment', async () => {
    const owners = ['ann', 'bob', 'eve'];
    await log([...owners.flatMap((owner) => recordsOf(owner, 5, { owner })), ...recordsOf('other', 2)]);

    const erase = (owner: string) =>
      lifecycle.perform(
        'monitoring.erase',
        { owner, before: Date.now() },
        { ...{ taskId: owner, attempt: 1, owner }, signal: new AbortController().signal },
      );
    const results = await Promise.all(owners.map(erase));

    expect(results).toEqual(owners.map(() => ({ erased: 5 })));
    expect((await loggedRows()).map(({ task_id }) => task_id)).toEqual(['other-0', 'other-1']);
    const { query } = await monitoringDatabase(lifecycle);
    expect(await query.selectFrom('batches').select('records').execute()).toEqual([{ records: 2 }]);
  });
});
