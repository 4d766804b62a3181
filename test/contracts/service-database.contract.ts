import type { Dialect, Kysely } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Migrations,
  openServiceDatabase,
  type ServiceDatabase,
  writeInBatches,
} from '#adapters/sql/service-database.ts';

interface Tables {
  readonly readings: {
    readonly id: string;
    readonly place: string;
    readonly at: number;
    readonly value: number | null;
    readonly details: string;
  };
}

/** How often each migration has run in this process. */
function countedMigrations(): { readonly migrations: Migrations; readonly runs: string[] } {
  const runs: string[] = [];
  return {
    runs,
    migrations: {
      '001-readings': {
        async up(database: Kysely<unknown>) {
          runs.push('001');
          await database.schema
            .createTable('readings')
            .ifNotExists()
            .addColumn('id', 'text', (column) => column.primaryKey())
            .addColumn('place', 'text', (column) => column.notNull())
            .addColumn('at', 'bigint', (column) => column.notNull())
            .addColumn('value', 'double precision')
            .execute();
        },
      },
      '002-details': {
        async up(database: Kysely<unknown>) {
          runs.push('002');
          await database.schema
            .createTable('details_of_places')
            .ifNotExists()
            .addColumn('place', 'text', (column) => column.primaryKey())
            .execute();
        },
      },
      '003-details-of-readings': {
        async up(database: Kysely<unknown>) {
          runs.push('003');
          await database.schema.alterTable('readings').addColumn('details', 'text').execute();
        },
      },
      '004-index': {
        async up(database: Kysely<unknown>) {
          runs.push('004');
          await database.schema
            .createIndex('readings_by_place')
            .ifNotExists()
            .on('readings')
            .columns(['place', 'at'])
            .execute();
        },
      },
    },
  };
}

/** What SQLite, PostgreSQL and Aurora DSQL promise alike. `dialect` opens the same new database at each call. */
export function serviceDatabaseContract(name: string, newDatabase: () => Promise<() => Dialect>): void {
  describe(`the database of a service: ${name}`, () => {
    const opened: ServiceDatabase<Tables>[] = [];

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((database) => database.close()));
    });

    async function open(dialect: Dialect, { migrations } = countedMigrations()): Promise<ServiceDatabase<Tables>> {
      const database = await openServiceDatabase<Tables>({ dialect, migrations, name: 'a test' });
      opened.push(database);
      return database;
    }

    const reading = (index: number) => ({
      id: `reading-${String(index).padStart(4, '0')}`,
      place: index % 2 === 0 ? 'north' : 'south',
      at: 1_700_000_000_000 + index,
      value: index === 0 ? null : index / 4,
      details: JSON.stringify({ index, text: 'ä "quoted"' }),
    });

    it('has one winner among racing migrators, and each finds the whole schema', async () => {
      const dialect = await newDatabase();
      const counted = countedMigrations();

      const databases = await Promise.all([1, 2, 3].map(() => open(dialect(), counted)));

      expect(counted.runs).toEqual(['001', '002', '003', '004']);
      for (const { query } of databases) expect(await query.selectFrom('readings').selectAll().execute()).toEqual([]);
    });

    it('migrates only what is missing when it is opened again', async () => {
      const dialect = await newDatabase();
      await open(dialect());
      const counted = countedMigrations();

      await open(dialect(), counted);

      expect(counted.runs).toEqual([]);
    });

    it('returns numbers, times and JSON as they were written', async () => {
      const { query } = await open((await newDatabase())());
      const rows = [reading(0), reading(1)];

      await query.insertInto('readings').values(rows).execute();

      expect(await query.selectFrom('readings').selectAll().orderBy('at').execute()).toEqual(rows);
      const total = await query
        .selectFrom('readings')
        .select(({ fn }) => [fn.countAll().as('count'), fn.max('at').as('last'), fn.sum('at').as('sum')])
        .executeTakeFirstOrThrow();
      expect(total).toEqual({ count: 2, last: rows[1]?.at, sum: 2 * 1_700_000_000_000 + 1 });
    });

    it('writes more rows than one statement takes', async () => {
      const { query } = await open((await newDatabase())());
      const rows = Array.from({ length: 1_201 }, (_, index) => reading(index));
      const sizes: number[] = [];

      await writeInBatches(rows, async (batch) => {
        sizes.push(batch.length);
        await query.insertInto('readings').values(batch).execute();
      });

      expect(sizes).toEqual([500, 500, 201]);
      const { count } = await query
        .selectFrom('readings')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      expect(count).toBe(1_201);
    });

    it('updates a row only by a newer one', async () => {
      const { query } = await open((await newDatabase())());
      const put = (at: number, value: number) =>
        query
          .insertInto('readings')
          .values({ ...reading(1), at, value })
          .onConflict((conflict) =>
            conflict
              .column('id')
              .doUpdateSet(({ ref }) => ({ at: ref('excluded.at'), value: ref('excluded.value') }))
              .whereRef('excluded.at', '>', 'readings.at'),
          )
          .execute();

      for (const [at, value] of [
        [20, 2],
        [10, 1],
        [30, 3],
        [30, 4],
      ] as const) {
        await put(at, value);
      }

      const kept = await query.selectFrom('readings').select(['at', 'value']).execute();
      expect(kept).toEqual([{ at: 30, value: 3 }]);
    });

    it('changes nothing in a transaction that throws', async () => {
      const database = await open((await newDatabase())());

      const failed = database.transaction(async (transaction) => {
        await transaction.insertInto('readings').values(reading(1)).execute();
        throw new Error('Stop.');
      });

      await expect(failed).rejects.toThrow('Stop.');
      expect(await database.query.selectFrom('readings').selectAll().execute()).toEqual([]);
    });

    it('numbers rows of concurrent transactions one after the other', async () => {
      const dialect = await newDatabase();
      const databases = [await open(dialect()), await open(dialect())];
      const append = (database: ServiceDatabase<Tables>) =>
        database.transaction(async (transaction) => {
          const rows = await transaction.selectFrom('readings').select('id').execute();
          await transaction.insertInto('readings').values(reading(rows.length)).execute();
        });

      await Promise.all([1, 2, 3].flatMap(() => databases.map(append)));

      const rows = await databases[0]?.query.selectFrom('readings').select('id').orderBy('id').execute();
      expect(rows?.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5].map((index) => reading(index).id));
    });

    it('loses no update of concurrent transactions', async () => {
      const dialect = await newDatabase();
      const [one, other] = [await open(dialect()), await open(dialect())];
      await one.query
        .insertInto('readings')
        .values({ ...reading(1), value: 0 })
        .execute();
      const increment = (database: ServiceDatabase<Tables>) =>
        database.transaction(async (transaction) => {
          const { value } = await transaction
            .selectFrom('readings')
            .select('value')
            .$if(!name.startsWith('SQLite'), (query) => query.forUpdate())
            .executeTakeFirstOrThrow();
          await transaction
            .updateTable('readings')
            .set({ value: (value ?? 0) + 1 })
            .execute();
        });

      await Promise.all(Array.from({ length: 8 }, (_, index) => increment(index % 2 === 0 ? one : other)));

      const { value } = await one.query.selectFrom('readings').select('value').executeTakeFirstOrThrow();
      expect(value).toBe(8);
    });
  });
}
