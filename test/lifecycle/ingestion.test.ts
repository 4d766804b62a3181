import { describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import type { JsonObject } from '#core';
import { manifest } from '#lifecycle/ingestion/manifest.ts';
import type { DatasetSchema } from '#lifecycle/ingestion/schema.ts';
import type { IngestionTables } from '#lifecycle/ingestion/tables.ts';
import { databaseOf, type Lifecycle } from '#lifecycle/lifecycle.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();

async function withDataset(schema: DatasetSchema | undefined, maxBad = 0.05): Promise<Lifecycle> {
  const lifecycle = await lifecycles.open();
  const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
  await query
    .insertInto('datasets')
    .values({
      ...{ name: 'meters', schema: schema ? JSON.stringify(schema) : null, max_bad: maxBad },
      ...{ last_version: 0, created_at: 0, created_by: 'someone' },
    })
    .execute();
  return lifecycle;
}

async function ingest(lifecycle: Lifecycle, bytes: Uint8Array, format = 'csv'): Promise<JsonObject> {
  const file = { ...(await lifecycle.stores.artifacts.put(bytes)), name: `meters.${format}`, format };
  const args = { dataset: 'meters', file, source: 'upload' };
  return lifecycles.run(lifecycle, 'ingestion', 'ingest', args);
}

const refusedRows = async (lifecycle: Lifecycle) =>
  (await databaseOf<IngestionTables>(lifecycle, manifest)).query
    .selectFrom('quarantine')
    .select(['line', 'code', 'reason'])
    .orderBy('position')
    .execute();

const SCHEMA: DatasetSchema = {
  columns: {
    id: { type: 'integer', nullable: false },
    day: { type: 'date' },
    at: { type: 'timestamp' },
    power: { type: 'number', min: 0, max: 1_000 },
    ok: { type: 'boolean' },
    place: { type: 'text', values: ['north', 'south', 'east, west'] },
  },
  key: ['id'],
};
const HEADER = 'id,day,at,power,ok,place';

const good = (id: number): string =>
  `${id},2024-03-${String((id % 28) + 1).padStart(2, '0')},2024-03-01T10:00:00Z,${(id % 1000) / 4},${id % 2 === 0},` +
  (id % 5 === 0 ? '"east, west"' : 'north');

/** One line per kind of fault, with the code it must get. */
const FAULTS: readonly (readonly [code: string, line: (id: number) => string | Buffer])[] = [
  ['type', (id) => `${id}.5,2024-03-01,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `x${id},2024-03-01,2024-03-01T10:00:00Z,1,true,north`],
  ['missing', () => ',2024-03-01,2024-03-01T10:00:00Z,1,true,north'],
  ['type', (id) => `${id},01.03.2024,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},03/31/2024,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024-02-30,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},24-03-01,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024/03/01,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024-03-01T10:00:00Z,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024-03-01,01-03-24 10:00,1,true,north`],
  ['type', (id) => `${id},2024-03-01,2024/03/01 10:00:00,1,true,north`],
  ['type', (id) => `${id},2024-03-01,epoch,1,true,north`],
  ['type', (id) => `0x${id},2024-03-01,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `1_${id},2024-03-01,2024-03-01T10:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1_0,true,north`],
  ['type', (id) => `${id},2024-03-01,yesterday,1,true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T25:00:00Z,1,true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,"1,5",true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,inf,true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,NaN,true,north`],
  ['type', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,maybe,north`],
  ['range', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,-0.5,true,north`],
  ['range', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1000.5,true,north`],
  ['values', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,nowhere`],
  ['ragged', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true`],
  ['ragged', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,north,more`],
  ['quotes', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,"north`],
  ['quotes', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,"nor"th`],
  ['quotes', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,no"rth`],
  ['quotes', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,no\rrth`],
  ['encoding', (id) => Buffer.from(`${id},2024-03-01,2024-03-01T10:00:00Z,1,true,nörth`, 'latin1')],
  ['encoding', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,\ufeffnorth`],
  ['encoding', (id) => `${id},2024-03-01,2024-03-01T10:00:00Z,1,true,no\0rth`],
  ['duplicate', () => good(1)],
];

/** 19,000 good rows and 1,000 faults, spread over the file. */
function planted(newline: string): { readonly bytes: Buffer; readonly faults: { line: number; code: string }[] } {
  const pieces: Buffer[] = [Buffer.from('\ufeff'), Buffer.from(HEADER + newline)];
  const faults: { line: number; code: string }[] = [];
  let line = 1;
  for (let id = 1; id <= 20_000; id += 1) {
    line += 1;
    const isFault = id % 20 === 0;
    const [code, write] = FAULTS[(id / 20) % FAULTS.length] ?? ['', good];
    if (isFault) faults.push({ line, code });
    pieces.push(Buffer.from(isFault ? write(id) : good(id)), Buffer.from(newline));
  }
  return { bytes: Buffer.concat(pieces), faults };
}

describe('the ingestion of a file', () => {
  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('puts 1,000 planted faults into the quarantine, each with line and reason (%s)', async (_, newline) => {
    const lifecycle = await withDataset(SCHEMA);
    const { bytes, faults } = planted(newline);

    const { version } = (await ingest(lifecycle, bytes)) as { version: JsonObject };

    expect(version).toMatchObject({ state: 'accepted', rows: 19_000, bad_rows: 1_000, version: 1 });
    const refused = await refusedRows(lifecycle);
    expect(refused.map(({ line, code }) => ({ line, code }))).toEqual(faults);
    expect(refused.every(({ reason }) => reason.length > 10)).toBe(true);
  });

  it('makes one version of the same file', async () => {
    const lifecycle = await withDataset(undefined);
    const bytes = Buffer.from('a,b\n1,x\n2,y\n');

    const first = await ingest(lifecycle, bytes);
    const second = await ingest(lifecycle, bytes);
    const other = await ingest(lifecycle, Buffer.from('a,b\n1,x\n2,z\n'));

    expect(first).toMatchObject({ is_new: true, version: { version: 1 } });
    expect(second).toEqual({ ...first, is_new: false });
    expect(other).toMatchObject({ is_new: true, version: { version: 2 } });
  });

  it('stores times in UTC, whatever their offset', async () => {
    const lifecycle = await withDataset({ columns: { at: { type: 'timestamp' } } });
    const written = ['2024-03-01T10:00:00Z', '2024-03-01T12:00:00+02:00', '2024-03-01 10:00:00'];

    const { version } = (await ingest(lifecycle, Buffer.from(`at\n${written.join('\n')}\n`))) as {
      version: JsonObject;
    };

    const [part = ''] = version.parts as string[];
    await using tables = await openTables({ folder: lifecycle.stores.scratch });
    const path = await lifecycle.stores.artifacts.fileOf(part);
    expect(await tables.rows(`SELECT DISTINCT "at" FROM read_parquet(${quoted(path)})`)).toEqual([
      { at: '2024-03-01 10:00:00' },
    ]);
  });

  it('refuses a version with too many bad rows, and keeps its rows', async () => {
    const lifecycle = await withDataset({ columns: { a: { type: 'integer' } } });

    const { version } = await ingest(lifecycle, Buffer.from('a\n1\n2\nx\n'));

    expect(version).toMatchObject({ state: 'refused', rows: 2, bad_rows: 1 });
    expect(await refusedRows(lifecycle)).toEqual([{ line: 4, code: 'type', reason: 'a: "x" is not a whole number' }]);
    await expect(lifecycle.ask('ingestion', 'version', { dataset: 'meters' })).rejects.toMatchObject({
      code: 'resource_not_found',
    });
  });

  it('knows the lines of records with line endings inside quotes, of blank lines and of no ending at the end', async () => {
    const lifecycle = await withDataset({ columns: { a: { type: 'integer' }, b: { type: 'text' } } }, 1);

    await ingest(lifecycle, Buffer.from('a,b\n1,"two\nlines"\n\nx,after\n4,"open\n5,last\ny,end'));

    expect((await refusedRows(lifecycle)).map(({ line, code }) => [line, code])).toEqual([
      [5, 'type'],
      [6, 'quotes'],
      [8, 'type'],
    ]);
  });

  it('keeps the fields of refused rows, of duplicates too, whatever the names of columns', async () => {
    const schema: DatasetSchema = { columns: { 'a, b': { type: 'integer' }, c: { type: 'text' } }, key: ['a, b'] };
    const lifecycle = await withDataset(schema, 1);

    await ingest(lifecycle, Buffer.from('"a, b",c\n1,x\n1,"y, z"\nno,\n'));

    const { query } = await databaseOf<IngestionTables>(lifecycle, manifest);
    const rows = await query.selectFrom('quarantine').select(['line', 'code', 'text']).orderBy('position').execute();
    expect(rows.map(({ line, code, text }) => [line, code, JSON.parse(text)])).toEqual([
      [3, 'duplicate', { 'a, b': '1', c: 'y, z' }],
      [4, 'type', { 'a, b': 'no', c: null }],
    ]);
  });

  it('stores times and dates as other programs write them', async () => {
    const lifecycle = await withDataset({ columns: { day: { type: 'date' }, at: { type: 'timestamp' } } });
    const written = [
      '2024-03-01 00:00:00,2024-03-01',
      '2024-03-01T00:00:00Z,2024-03-01 12:30',
      ' 2024-03-01 , 2024-03-01T10:00:00.5+0200',
    ];

    const { version } = (await ingest(lifecycle, Buffer.from(`day,at\n${written.join('\n')}\n`))) as {
      version: JsonObject;
    };

    expect(version).toMatchObject({ rows: 3, bad_rows: 0 });
  });

  it('takes JSON lines, and the Parquet that it has written', async () => {
    const schema: DatasetSchema = { columns: { a: { type: 'integer' }, b: { type: 'text' } } };
    const lifecycle = await withDataset(schema, 0.5);
    const lines = ['{"a": 1, "b": "x"}', '{"a": "no", "b": "y"}', '{"a": 3', '{"b": "z"}', '[1]', '{"a": 9, "b": "w"}'];

    const { version } = (await ingest(lifecycle, Buffer.from(lines.join('\n')), 'jsonl')) as { version: JsonObject };

    expect(version).toMatchObject({ rows: 3, bad_rows: 3, state: 'accepted' });
    expect((await refusedRows(lifecycle)).map(({ line, code }) => [line, code])).toEqual([
      [2, 'type'],
      [3, 'quotes'],
      [5, 'ragged'],
    ]);
    const [part = ''] = version.parts as string[];
    const again = await ingest(lifecycle, await lifecycle.stores.artifacts.read(part), 'parquet').catch(String);
    // Line and file of the first version are columns of its Parquet.
    expect(again).toContain('the name _line is reserved');
  });

  it.each([
    ['an empty file', '', 'empty'],
    ['a column without a name', 'a,\n1,2\n', 'a column has no name'],
    ['a column twice', 'a,a\n1,2\n', 'there are two columns a'],
    ['another encoding', Buffer.from('\ufeffa,b\n', 'utf16le'), 'UTF-16'],
    ['other columns', 'b\n1\n', 'lacks a'],
  ])('refuses %s with one sentence', async (_, content, sentence) => {
    const lifecycle = await withDataset({ columns: { a: { type: 'integer' } } });

    const failed = ingest(lifecycle, Buffer.from(content));

    await expect(failed).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(sentence) });
  });
});
