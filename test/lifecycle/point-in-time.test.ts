import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables, type Tables } from '#adapters/duckdb/tables.ts';
import { parseExpression } from '#core';
import { pointInTimeQuery } from '#lifecycle/features/point-in-time.ts';
import { useDataFolders } from '#test/support/data-folder.ts';

const folders = useDataFolders();
let tables: Tables;

beforeAll(async () => {
  tables = await openTables({ folder: await folders.newFolder() });
});

afterAll(() => tables[Symbol.asyncDispose]());

interface Value {
  readonly key: number;
  readonly event: number;
  /** Recorded this much after the event, or before it. Null: not told. */
  readonly delay: number | null;
}

interface Label {
  readonly key: number;
  readonly at: number;
}

const value = fc.record({
  key: fc.integer({ min: 1, max: 3 }),
  event: fc.integer({ min: 0, max: 30 }),
  delay: fc.option(fc.integer({ min: -5, max: 20 })),
});
const label = fc.record({ key: fc.integer({ min: 1, max: 4 }), at: fc.integer({ min: 0, max: 40 }) });

/** The position of the value that a label gets: looks at every value. */
function chosen(values: readonly Value[], { key, at }: Label, ttl: number | undefined, isBitemporal: boolean) {
  const knownAt = ({ event, delay }: Value) => event + (delay ?? 0);
  const usable = values
    .map((candidate, position) => ({ candidate, position }))
    .filter(({ candidate }) => candidate.key === key && candidate.event <= at)
    .filter(({ candidate }) => !isBitemporal || knownAt(candidate) <= at)
    .toSorted(
      (a, b) =>
        b.candidate.event - a.candidate.event || knownAt(b.candidate) - knownAt(a.candidate) || b.position - a.position,
    );
  const [best] = usable;
  return best && (ttl === undefined || best.candidate.event >= at - ttl) ? best.position : null;
}

const time = (seconds: number): string => `TIMESTAMP '2024-01-01' + to_seconds(${seconds})`;

describe('a point-in-time join', () => {
  it('chooses the value that a look at all of them chooses, and never one that was not known', async () => {
    const ttls = fc.constantFrom(undefined, 5, 20);
    const run = async (values: readonly Value[], labels: readonly Label[], ttl: number | undefined, known: boolean) => {
      const rows = values.map(({ key, event, delay }, position) => {
        const recorded = delay === null ? 'CAST(NULL AS TIMESTAMP)' : time(event + delay);
        return `(${key}, ${time(event)}, ${recorded}, ${position}, ${position})`;
      });
      await tables.run(
        `CREATE OR REPLACE TABLE "values" AS
           SELECT * FROM (VALUES ${rows.join(', ')}) AS t (key, happened, recorded, position, _line)`,
      );
      const asked = labels.map(({ key, at }, index) => `(${index}, ${key}, ${time(at)})`);
      await tables.run(
        `CREATE OR REPLACE TABLE labels AS SELECT * FROM (VALUES ${asked.join(', ')}) AS t (index, key, due)`,
      );
      const query = pointInTimeQuery({
        ...{ labels: 'labels', labelTime: 'due', features: '"values"', keys: ['key'], eventTime: 'happened' },
        ...{ knownTime: 'recorded', isBitemporal: known, ttlSeconds: ttl, columns: { position: 'found' } },
      });
      const joined = await tables.rows(`SELECT found FROM (${query}) ORDER BY index`);

      expect(joined.map(({ found }) => found)).toEqual(labels.map((each) => chosen(values, each, ttl, known)));
    };

    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { minLength: 1, maxLength: 25 }),
        fc.array(label, { minLength: 1, maxLength: 25 }),
        ttls,
        fc.boolean(),
        run,
      ),
      { numRuns: 60 },
    );
  });
});

describe('an expression', () => {
  const numbers = fc.option(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })));

  it.each([
    'a + b * 2 - -a',
    '(a + b) / (a - b)',
    'if(a > b, ln(a), sqrt(b))',
    'coalesce(a / b, abs(b), 1.5e2)',
    'floor(a) = a',
    'if(a <= b, 1, 0) * coalesce(a, 0)',
  ])('has the same value in SQL and here: %s', async (text) => {
    const expression = parseExpression(text);
    await fc.assert(
      fc.asyncProperty(numbers, numbers, async (a, b) => {
        const literal = (number: number | null) => (number === null ? 'NULL' : `CAST('${number}' AS DOUBLE)`);
        const sql = expression.toSql((name) => literal(name === 'a' ? a : b));

        const [row] = await tables.rows(`SELECT ${sql} AS value`);

        const mine = expression.evaluate({ a, b });
        if (mine === null || row?.value === null) expect(mine).toBe(row?.value);
        else expect(mine).toBeCloseTo(Number(row?.value), 9);
      }),
      { numRuns: 40 },
    );
  });

  it.each(['', 'a +', 'a b', 'drop(a)', 'a; b', "'text'", 'if(a, b)', '(a', 'a)'])('refuses «%s»', (text) => {
    expect(() => parseExpression(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });
});
