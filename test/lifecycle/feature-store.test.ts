import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTables, quoted, type Tables } from '#adapters/duckdb/tables.ts';
import type { JsonObject } from '#core';
import { manifest as features } from '#lifecycle/features/manifest.ts';
import { onlineFeatures } from '#lifecycle/features/online.ts';
import type { FeatureTables } from '#lifecycle/features/tables.ts';
import { manifest as ingestion } from '#lifecycle/ingestion/manifest.ts';
import type { IngestionTables } from '#lifecycle/ingestion/tables.ts';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { useDataFolders } from '#test/support/data-folder.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();
const folders = useDataFolders();

interface Golden {
  readonly ttl_seconds: number;
  readonly features: readonly JsonObject[];
  readonly labels: readonly JsonObject[];
  readonly answer: readonly JsonObject[];
  readonly known: readonly JsonObject[];
}

/** Makes a version of a dataset. */
async function send(lifecycle: Lifecycle, dataset: string, rows: readonly JsonObject[]): Promise<void> {
  const { query } = await databaseOf<IngestionTables>(lifecycle, ingestion);
  await query
    .insertInto('datasets')
    .values({ name: dataset, schema: null, max_bad: 0, last_version: 0, created_at: 0, created_by: 'someone' })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const bytes = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
  const file = { ...(await lifecycle.stores.artifacts.put(bytes)), name: `${dataset}.jsonl`, format: 'jsonl' };
  const { version } = await lifecycles.run(lifecycle, 'ingestion', 'ingest', { dataset, file, source: 'upload' });
  expect(version).toMatchObject({ state: 'accepted', rows: rows.length });
}

async function define(lifecycle: Lifecycle, name: string, definition: JsonObject): Promise<void> {
  const { query } = await databaseOf<FeatureTables>(lifecycle, features);
  const row = { version: 1, definition: JSON.stringify(definition), updated_at: 0, updated_by: 'someone' };
  await query
    .insertInto('feature_views')
    .values({ name, ...row })
    .execute();
}

const LOAD = {
  entities: ['meter'],
  source: { dataset: 'loads' },
  timestamp: 'at',
  recorded: 'recorded',
  features: ['power', 'count'],
};

describe('a training set', () => {
  let golden: Golden;
  let lifecycle: Lifecycle;
  let tables: Tables;

  beforeAll(async () => {
    golden = JSON.parse(await readFile(join(import.meta.dirname, 'feast/golden.json'), 'utf8')) as Golden;
    lifecycle = await lifecycles.open();
    await send(lifecycle, 'loads', golden.features);
    await send(lifecycle, 'labels', golden.labels);
    await define(lifecycle, 'load', {
      ...LOAD,
      ttl_seconds: golden.ttl_seconds,
      on_demand: { kilo: 'power / 1000', per_count: 'if(count > 0, power / count, -1) + label' },
    });
    tables = await openTables({ folder: await folders.newFolder() });
  });

  async function make(request: JsonObject) {
    const args = { labels: { dataset: 'labels' }, timestamp: 'event_timestamp', ...request };
    const made = await lifecycles.run(lifecycle, 'features', 'make-training-set', args);
    const path = await lifecycle.stores.artifacts.fileOf(String(made.artifact));
    const rows = await tables.rows(`SELECT * FROM read_parquet(${quoted(path)}) ORDER BY label`);
    return { made, rows };
  }

  it.each([
    ['of any recording', false, 'answer'],
    ['that were known by then', true, 'known'],
  ] as const)("equals Feast's answer to the same labels, with values %s", async (_, bitemporal, which) => {
    const { rows } = await make({ features: ['load:power', 'load:count'], bitemporal });

    const joined = rows.map(({ label, power, count }) => ({
      label: Number(label),
      power,
      count: count === null ? null : Number(count),
    }));
    // Feast leaves labels out whose values are all too old.
    const answered = new Map(golden[which].map((row) => [row.label, row]));
    expect(joined).toEqual(
      golden.labels.map(({ label }) => answered.get(label) ?? { label, power: null, count: null }),
    );
    expect(joined.filter(({ power }) => power !== null).length).toBeGreaterThan(200);
  });

  it('is the same artifact when it is made again, and says what it was made of', async () => {
    const asked = { features: ['load:power', 'load:kilo'], full_feature_names: true };
    const [one, other] = [await make(asked), await make(asked)];

    expect(one.made.artifact).toBe(other.made.artifact);
    expect(one.made).toMatchObject({
      rows: golden.labels.length,
      labels: { dataset: 'labels', version: 1 },
      sources: { load: { dataset: 'loads', version: 1 } },
    });
    expect(one.rows[0]).toHaveProperty('load__kilo');
    const found = await lifecycle.ask('features', 'training-set', { hash: String(one.made.artifact) });
    expect(found).toMatchObject({ rows: golden.labels.length, created_by: 'someone' });
  });

  it('computes on-demand features as the online store does', async () => {
    const { rows } = await make({ features: ['load:per_count', 'load:power', 'load:count'] });
    const late = await lifecycles.open();
    await send(late, 'loads', [
      { meter: 1, at: '2030-01-01T00:00:00Z', recorded: '2030-01-01T00:00:00Z', ...pick(rows[0]) },
    ]);
    await define(late, 'load', { ...LOAD, on_demand: { per_count: 'if(count > 0, power / count, -1) + label' } });
    await lifecycles.run(late, 'features', 'materialize', { view: 'load' });

    const body = {
      features: ['load:per_count'],
      entities: { meter: [1] },
      request_context: { label: [Number(rows[0]?.label)] },
    };
    const { results } = await onlineFeatures(late, body);

    expect((results as { values: unknown[] }[]).at(-1)?.values).toEqual([rows[0]?.per_count]);
  });

  it.each([
    [{ features: ['load:nothing'] }, 'has no feature nothing'],
    [{ features: ['power'] }, 'view:feature'],
    [{ features: ['load:power'], timestamp: 'never' }, 'no column never'],
    [{ labels: { dataset: 'nowhere' }, features: ['load:power'] }, 'nowhere'],
  ])('refuses %j with one sentence', async (request, sentence) => {
    await expect(make(request)).rejects.toMatchObject({ message: expect.stringContaining(sentence) });
  });
});

const pick = ({ power, count }: JsonObject = {}): JsonObject => ({ power, count: Number(count) });

describe('the online store', () => {
  const now = Date.now();
  const ago = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();
  const row = (meter: number, hours: number, power: number | null, count = 1): JsonObject => ({
    ...{ meter, at: ago(hours), recorded: ago(hours) },
    ...{ power, count },
  });

  it('answers in the JSON of Feast, with a status for each value', async () => {
    const lifecycle = await lifecycles.open();
    await send(lifecycle, 'loads', [row(1, 1, 1.5), row(1, 3, 9), row(2, 48, 2), row(3, 1, null)]);
    await define(lifecycle, 'load', { ...LOAD, ttl_seconds: 86_400 });

    const made = await lifecycles.run(lifecycle, 'features', 'materialize', { view: 'load' });
    const answer = await onlineFeatures(lifecycle, {
      features: ['load:power', 'load:count'],
      entities: { meter: [1, 2, 3, 4] },
    });

    expect(made).toMatchObject({ rows: 3, dataset_version: 1 });
    expect(answer).toEqual({
      metadata: { feature_names: ['meter', 'power', 'count'] },
      results: [
        expect.objectContaining({ values: [1, 2, 3, 4], statuses: ['PRESENT', 'PRESENT', 'PRESENT', 'PRESENT'] }),
        {
          values: [1.5, null, null, null],
          statuses: ['PRESENT', 'OUTSIDE_MAX_AGE', 'NULL_VALUE', 'NOT_FOUND'],
          event_timestamps: [ago(1), ago(48), ago(1), '1970-01-01T00:00:00Z'],
        },
        expect.objectContaining({ values: [1, null, 1, null] }),
      ],
    });
  });

  it('keeps a value that is newer than the one of a later materialization', async () => {
    const lifecycle = await lifecycles.open();
    await define(lifecycle, 'load', LOAD);
    const powers: unknown[] = [];

    for (const [hours, power] of [
      [3, 30],
      [5, 50],
      [2, 20],
      [2, 21],
    ] as const) {
      await send(lifecycle, 'loads', [row(1, hours, power)]);
      await lifecycles.run(lifecycle, 'features', 'materialize', { view: 'load' });
      const { results } = await onlineFeatures(lifecycle, { features: ['load:power'], entities: { meter: [1] } });
      powers.push((results as { values: unknown[] }[])[1]?.values[0]);
    }

    expect(powers).toEqual([30, 30, 20, 21]);
  });

  it('leads from a value to its file and line, and to who has sent it', async () => {
    const lifecycle = await lifecycles.open();
    await send(lifecycle, 'loads', [row(1, 3, 1), row(2, 1, 2)]);
    await define(lifecycle, 'load', LOAD);
    await lifecycles.run(lifecycle, 'features', 'materialize', { view: 'load' });

    const { values, sources } = await lifecycle.ask('features', 'online', {
      entity: 'meter',
      id: '2',
      features: ['power'],
    });
    const explained = await lifecycle.ask('features', 'sources', { sources });

    expect(values).toEqual({ power: 2 });
    expect(explained.sources).toMatchObject({
      power: { view: 'load', dataset: 'loads', version: 1, line: 2, file_name: 'loads.jsonl', sent_by: 'someone' },
    });
  });

  it.each([
    [{ features: ['powr'] }, 'The data has no column powr. It has meter,'],
    [{ recorded: 'noted_at' }, 'The data has no column noted_at.'],
    [{ timestamp: 'power' }, 'Error: '],
  ])('is not materialized with %j, for which it gives the reason', async (changed, reason) => {
    const lifecycle = await lifecycles.open();
    await send(lifecycle, 'loads', [row(1, 3, 1)]);
    await define(lifecycle, 'load', { ...LOAD, ...changed });

    const refused = lifecycles.run(lifecycle, 'features', 'materialize', { view: 'load' });

    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(reason) });
  });
});
