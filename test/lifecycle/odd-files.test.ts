import { describe, expect, it } from 'vitest';
import { openTables, quoted } from '#adapters/duckdb/tables.ts';
import type { JsonObject } from '#core';
import { readSchema } from '#lifecycle/ingestion/schema.ts';
import { useLifecycle } from './support.ts';

const lifecycles = useLifecycle();

async function ingest(content: string, format: string): Promise<JsonObject> {
  const lifecycle = await lifecycles.open();
  const file = { ...(await lifecycle.stores.artifacts.put(Buffer.from(content))), name: `odd.${format}`, format };
  const { version } = await lifecycles.run(lifecycle, 'ingestion', 'ingest', {
    dataset: 'odd',
    file,
    source: 'upload',
  });
  return version as JsonObject;
}

const columns = (count: number) => Array.from({ length: count }, (_, at) => `c${at}`).join(',');

describe('a file with columns that SQL cannot have', () => {
  it.each([
    ['names that differ in case only', 'a,A\n1,2\n', 'csv', 'two columns A'],
    ['the column of the line', '_LINE,a\n1,2\n', 'csv', 'the name _LINE is reserved'],
    ['a control character', '\u0001line,a\n1,2\n', 'csv', 'a control character'],
    ['10,000 columns', `${columns(10_000)}\n${columns(10_000)}\n`, 'csv', 'there are 10000 columns, and at most 1000'],
    ['fields that differ in case only', '{"a":1,"A":2}\n', 'jsonl', 'two columns A'],
    ['a field without a name', '{"":1}\n', 'jsonl', 'a column has no name'],
    ['the field __proto__', '{"__proto__":1}\n', 'jsonl', 'the name __proto__ is reserved'],
    ['a line of 11 MB without an end', `a\n${'x'.repeat(11_000_000)}`, 'csv', 'Line 2 has more than 10 MB'],
    ['JSON of 11 MB without an end', `{"a":"${'x'.repeat(11_000_000)}"}`, 'jsonl', 'Line 1 has more than 10 MB'],
  ])('is refused for %s', async (_, content, format, reason) => {
    const refused = ingest(content, format);

    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(reason) });
  });

  it('is refused as Parquet, too', async () => {
    const lifecycle = await lifecycles.open();
    await using tables = await openTables({ folder: lifecycle.stores.scratch });
    const path = `${lifecycle.stores.scratch}/own.parquet`;
    await tables.run(`COPY (SELECT 1 AS a, 2 AS _file) TO ${quoted(path)} (FORMAT parquet)`);
    const file = { ...(await lifecycle.stores.artifacts.putFile(path)), name: 'own.parquet', format: 'parquet' };

    const refused = lifecycles.run(lifecycle, 'ingestion', 'ingest', { dataset: 'odd', file, source: 'upload' });

    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('the name _file is reserved') });
  });

  it('is refused as broken Parquet, without the place of its copy', async () => {
    const refused = ingest('PAR1 and no more', 'parquet').catch(String);

    expect(await refused).toMatch(/cannot be read as Parquet: Invalid Input Error: No magic bytes .* of the file$/);
  });

  it('is refused by a schema, before the first file', () => {
    const schema = (...names: string[]) => ({
      columns: Object.fromEntries(names.map((name) => [name, { type: 'text' }])),
    });

    for (const names of [['a', 'A'], [''], ['_line'], ['a\0b']]) {
      expect(() => readSchema(schema(...names))).toThrow('The schema of the dataset is not valid.');
    }
    expect(readSchema(schema('a', 'Power (kW)'))).toEqual(schema('a', 'Power (kW)'));
  });
});

describe('a schema that no row can fulfil', () => {
  it.each([
    [{ type: 'number', min: 5, max: 1 }, '/columns/a/max'],
    [{ type: 'date', min: '2026-03-01', max: '2026-02-28' }, '/columns/a/max'],
    [{ type: 'timestamp', min: '2026-01-01T02:00:00Z', max: '2026-01-01T02:00:00+02:00' }, '/columns/a/max'],
    [{ type: 'date', min: '2026-02-30' }, '/columns/a/min'],
    [{ type: 'date', max: '5' }, '/columns/a/max'],
    [{ type: 'text', values: [] }, '/columns/a/values'],
    [{ type: 'date', format: '' }, '/columns/a/format'],
    [{ type: 'date', format: '%d.%Q' }, '/columns/a/format'],
    [{ type: 'date', format: 'dd.mm.yyyy' }, '/columns/a/format'],
  ])('is refused as %j', (rule, pointer) => {
    expect(() => readSchema({ columns: { a: rule } })).toThrow(
      expect.objectContaining({ code: 'invalid_input', errors: [expect.objectContaining({ pointer })] }),
    );
  });

  it('is refused with a key of no columns', () => {
    expect(() => readSchema({ columns: { a: { type: 'text' } }, key: [] })).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/key' })] }),
    );
  });

  it.each([
    { type: 'number', min: 1, max: 1 },
    { type: 'date', min: '2026-02-28', max: '2026-03-01', format: '%-d.%-m.%Y' },
    { type: 'timestamp', min: '2026-01-01', max: '2026-01-01T00:00:00.5Z', format: '%Y-%m-%d %H:%M:%S.%f %%' },
  ])('is not %j', (rule) => {
    expect(readSchema({ columns: { a: rule } })).toEqual({ columns: { a: rule } });
  });
});

describe('JSON lines', () => {
  it('have fields of any other name', async () => {
    const names = ['a"b', 'a\\c', '$.x', 'a.b', '*', '[0]', 'a/b', 'a~b', '0', "it's"];

    const { rows, schema } = await ingest(
      JSON.stringify(Object.fromEntries(names.map((name, at) => [name, at]))),
      'jsonl',
    );

    expect(rows).toBe(1);
    expect((schema as { columns: object }).columns).toEqual(
      Object.fromEntries(names.map((name) => [name, { type: 'integer' }])),
    );
  });

  it('lose only the line that DuckDB cannot read', async () => {
    const good = Array.from({ length: 30 }, (_, at) => JSON.stringify({ a: `x${at}` }));

    const version = await ingest([...good, '{"a":"\\ud800"}'].join('\n'), 'jsonl');

    expect(version).toMatchObject({ state: 'accepted', rows: 30, bad_rows: 1 });
  });
});

describe('an analytical database', () => {
  it.each([
    ['an unknown column', 'SELECT nothing', /^Binder Error: .*nothing/],
    ['a value that cannot be cast', "SELECT CAST('x' AS DATE)", /^Conversion Error: /],
    ['no SQL', 'SELEC', /^(Parser Error|Failed to extract)/],
    ['more memory than it has', 'CREATE TABLE t AS SELECT hash(range) FROM range(20000000)', /^Out of Memory/],
  ])('says that the query is at fault for %s', async (_, query, message) => {
    const { stores } = await lifecycles.open();
    await using tables = await openTables({ folder: stores.scratch, memoryMiB: 64, spillMiB: 16 });

    const refused = tables.run(query);

    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(message) });
  });

  it('does not say so when it is interrupted', async () => {
    const { stores } = await lifecycles.open();
    await using tables = await openTables({ folder: stores.scratch });
    const running = tables.rows('SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b');
    setTimeout(() => tables.interrupt(), 100);

    await expect(running).rejects.toThrow(/^INTERRUPT Error/);
  });

  it('takes no zero byte', () => {
    expect(() => quoted('a\0b')).toThrow('must not have a zero byte');
  });
});
