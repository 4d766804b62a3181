import { describe, expect, it } from 'vitest';
import { type JsonObject, LIFECYCLE_SERVICES, type LifecycleService, newUserId, PREDICTION_LOG_OWNER } from '#core';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { loadService } from '#lifecycle/services.ts';
import type { TrainingTables } from '#lifecycle/training/tables.ts';
import { columnsWith, fillTables, isOfPeople } from './filled-tables.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();
const run = { taskId: 'task', attempt: 1, signal: new AbortController().signal };

interface Exported {
  readonly service: LifecycleService;
  readonly table: string;
  readonly row: JsonObject;
  readonly named_in?: readonly string[];
}

/** All pages of all services. */
async function exportAll(
  lifecycle: Lifecycle,
  owner: string,
  services = LIFECYCLE_SERVICES as readonly LifecycleService[],
) {
  const found: Exported[] = [];
  let pages = 0;
  for (const service of services) {
    for (let next: JsonObject | null = {}; next; pages += 1) {
      const page = await lifecycle.perform(`${service}.export`, { ...next, owner }, { ...run, owner });
      found.push(...(page.rows as unknown as Exported[]).map((row) => ({ ...row, service })));
      next = page.next as JsonObject | null;
    }
  }
  return { found, pages };
}

const training = async (lifecycle: Lifecycle) =>
  (await databaseOf<TrainingTables>(lifecycle, (await loadService('training')).manifest)).query;

const aRun = (id: string, user_id: string, inputs = '[]') => ({
  ...{ id, user_id, inputs, outputs: '[]', experiment_id: '0', name: id, status: 'FINISHED' },
  ...{ start_time: 1, end_time: 2, lifecycle_stage: 'active' as const },
});

describe('the export of a user', () => {
  it('has every row in which a service names the user, and no row of another', async () => {
    const lifecycle = await lifecycles.open();
    const [ann, bob] = [newUserId('ann'), newUserId('bob')];
    for (const id of [ann, bob]) await fillTables(lifecycle, { id });

    const { found } = await exportAll(lifecycle, ann);

    const exported = new Set(
      found.flatMap(({ service, table, row }) =>
        Object.keys(row).flatMap((column) => (row[column] === ann ? [`${service}.${table}.${column}`] : [])),
      ),
    );
    const ofPeople = (await columnsWith(lifecycle, ann)).filter(isOfPeople);
    expect(ofPeople.filter((column) => !exported.has(column))).toEqual([]);
    expect(ofPeople.length).toBeGreaterThan(15);
    expect([...exported]).toContain('serving.used_rows.task_id');
    expect(JSON.stringify(found)).not.toContain(bob);
  });

  it('tells of rows of others only where they name the user', async () => {
    const lifecycle = await lifecycles.open();
    const [ann, bob] = [newUserId('ann'), newUserId('bob')];
    const { query } = await databaseOf<{ runs: Record<string, unknown> }>(
      lifecycle,
      (await loadService('pipelines')).manifest,
    );
    const row = {
      pipeline: 'p',
      logical_date: '2026-01-01',
      cause: '',
      state: 'succeeded',
      created_at: 1,
      updated_at: 1,
    };
    await query
      .insertInto('runs')
      .values({ id: 'of-bob', ...row, version: 1, owner: bob, document: JSON.stringify({ by: ann, secret: 'of bob' }) })
      .execute();

    const { found } = await exportAll(lifecycle, ann, ['pipelines']);

    expect(found).toEqual([{ service: 'pipelines', table: 'runs', named_in: ['document'], row: { id: 'of-bob' } }]);
  });

  it('has what clients of MLflow have sent under the name of the user', async () => {
    const lifecycle = await lifecycles.open();
    const query = await training(lifecycle);
    await query
      .insertInto('runs')
      .values([aRun('hers', 'ann'), aRun('other', 'joanna')])
      .execute();
    const tag = { kind: 'run', key: 'mlflow.user' } as const;
    await query
      .insertInto('tags')
      .values([
        { ...tag, owner: 'hers', value: 'Ann' },
        { ...tag, owner: 'other', value: 'joanna' },
        { ...tag, owner: 'other', key: 'title', value: 'ann' },
      ])
      .execute();

    const { found } = await exportAll(lifecycle, newUserId('ann'), ['training']);

    expect(found.map(({ table, row }) => [table, row.id ?? row.owner])).toEqual([
      ['runs', 'hers'],
      ['tags', 'hers'],
    ]);
  });

  it('comes in pages that end after a megabyte, and each row once', { timeout: 60_000 }, async () => {
    const lifecycle = await lifecycles.open();
    const ann = newUserId('ann');
    const query = await training(lifecycle);
    const ids = Array.from({ length: 450 }, (_, at) => `run-${at}`);
    const inputs = JSON.stringify(['x'.repeat(8_000)]);
    for (const id of ids)
      await query
        .insertInto('runs')
        .values(aRun(id, ann, inputs))
        .execute();

    const { found, pages } = await exportAll(lifecycle, ann, ['training']);

    expect(found.map(({ row }) => row.id)).toHaveLength(ids.length);
    expect(new Set(found.map(({ row }) => row.id))).toEqual(new Set(ids));
    expect(pages).toBeGreaterThan(3);
    expect(pages).toBeLessThan(8);
  });

  it('is of the user who runs it, and of nobody else', async () => {
    const lifecycle = await lifecycles.open();
    const [ann, eve] = [newUserId('ann'), newUserId('eve')];

    for (const service of LIFECYCLE_SERVICES) {
      for (const owner of [eve, PREDICTION_LOG_OWNER, '']) {
        const asked = lifecycle.perform(`${service}.export`, { owner: ann }, { ...run, owner });
        await expect(asked, service).rejects.toMatchObject({ code: 'invalid_input' });
      }
    }
  });
});
