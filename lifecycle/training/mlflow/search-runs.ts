import { type Expression, sql } from 'kysely';
import { whereAll } from './comparisons.ts';
import { stagesOf } from './experiments.ts';
import { type Order, parseFilter, parseOrder } from './filter.ts';
import { pageOf } from './input.ts';
import { invalid } from './mlflow-error.ts';
import { presentRuns } from './runs.ts';
import type { Endpoint } from './tracking.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  run_id: 'runs.id',
  run_name: 'runs.name',
  'Run name': 'runs.name',
  experiment_id: 'runs.experiment_id',
  status: 'runs.status',
  user_id: 'runs.user_id',
  start_time: 'runs.start_time',
  Created: 'runs.start_time',
  end_time: 'runs.end_time',
};

const FILTERED = { attributes: COLUMNS, tags: { kind: 'run', owner: 'runs.id' }, hasRunData: true } as const;

/** The value to order runs by. Null for a run without it. */
function orderedBy({ kind, key }: Order): Expression<unknown> {
  if (kind === 'attribute') {
    const column = COLUMNS[key];
    if (column === undefined) throw invalid(`Runs cannot be ordered by ${key}.`);
    return sql.ref(column);
  }
  if (kind === 'tag') return sql`(select value from tags where kind = 'run' and owner = runs.id and key = ${key})`;
  const table = sql.table(kind === 'metric' ? 'latest_metrics' : 'params');
  return sql`(select value from ${table} where run_id = runs.id and key = ${key})`;
}

/** Runs of experiments that fulfill a filter, newest first unless `order_by` says otherwise. */
export const searchRuns: Endpoint = async (tracking, input) => {
  const [size, offset] = [input.pageSize(), input.offset()];
  const experiments = input.texts('experiment_ids');
  if (experiments.length === 0) return { runs: [] };
  let query = tracking.database.query
    .selectFrom('runs')
    .selectAll()
    .where('experiment_id', 'in', experiments)
    .where('lifecycle_stage', 'in', stagesOf(input.optionalText('run_view_type')))
    .where(whereAll(parseFilter(input.optionalText('filter')), FILTERED));
  for (const order of input.texts('order_by').map(parseOrder)) {
    const value = orderedBy(order);
    query = query.orderBy(sql`case when ${value} is null then 1 else 0 end`).orderBy(value, order.direction);
  }
  const rows = await query
    .orderBy('start_time', 'desc')
    .orderBy('id')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { runs: await presentRuns(tracking, page.rows), ...page.next };
};
