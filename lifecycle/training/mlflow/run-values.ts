import type { MetricRow } from '../tables.ts';
import { type Input, type KeyValue, pageOf } from './input.ts';
import { invalid } from './mlflow-error.ts';
import { type Endpoint, setTags, type Tracking } from './tracking.ts';

/** Clients may send up to this many values at once. */
const MAX_METRICS = 1000;

export interface Metric {
  readonly key: string;
  /** May be infinite or not a number. */
  readonly value: number;
  /** Unix milliseconds. */
  readonly timestamp: number;
  readonly step: number;
}

/** Values that belong to a run. */
export interface RunValues {
  readonly params?: readonly KeyValue[];
  readonly metrics?: readonly Metric[];
  readonly tags?: readonly KeyValue[];
}

/** The numbers that JSON does not have are texts. */
export function metricOf(input: Input, now: number): Metric {
  const text = input.text('value');
  const value = Number(text);
  if (Number.isNaN(value) && text.toLowerCase() !== 'nan') throw invalid(`The value ${text} is not a number.`);
  const [key, timestamp, step] = [input.text('key'), input.integer('timestamp') ?? now, input.integer('step') ?? 0];
  return { key, value, timestamp, step };
}

/** Adds values to a run. A parameter keeps its first value: another one throws `INVALID_PARAMETER_VALUE`. */
export async function logValues(tracking: Tracking, runId: string, values: RunValues): Promise<void> {
  const { params = [], metrics = [], tags = [] } = values;
  if (metrics.length > MAX_METRICS) throw invalid(`At most ${MAX_METRICS} metrics can be logged at once.`);
  await logParams(tracking, runId, params);
  await logMetrics(tracking, runId, metrics);
  await setTags(tracking.database.query, 'run', runId, tags);
}

async function logParams({ database }: Tracking, runId: string, params: readonly KeyValue[]): Promise<void> {
  if (params.length === 0) return;
  const rows = [...new Map(params.map(({ key, value }) => [key, { run_id: runId, key, value }])).values()];
  await database.query
    .insertInto('params')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['run_id', 'key']).doNothing())
    .execute();
  const keys = rows.map(({ key }) => key);
  const stored = await database.query
    .selectFrom('params')
    .selectAll()
    .where('run_id', '=', runId)
    .where('key', 'in', keys)
    .execute();
  const kept = new Map(stored.map(({ key, value }) => [key, value]));
  const changed = params.find(({ key, value }) => kept.get(key) !== value);
  if (!changed) return;
  const was = kept.get(changed.key);
  throw invalid(`The parameter ${changed.key} is ${was} already and cannot be changed to ${changed.value}.`);
}

async function logMetrics({ database }: Tracking, runId: string, metrics: readonly Metric[]): Promise<void> {
  if (metrics.length === 0) return;
  const rows = metrics.map((metric) => rowOf(runId, metric));
  await database.query
    .insertInto('metrics')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const last = new Map<string, MetricRow>();
  for (const row of rows) if (!isNewer(last.get(row.key), row)) last.set(row.key, row);
  await database.query
    .insertInto('latest_metrics')
    .values([...last.values()])
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'key'])
        .doUpdateSet(({ ref }) => ({
          value: ref('excluded.value'),
          is_nan: ref('excluded.is_nan'),
          timestamp: ref('excluded.timestamp'),
          step: ref('excluded.step'),
        }))
        .where(({ eb, ref, and, or }) =>
          or([
            eb('excluded.step', '>', ref('latest_metrics.step')),
            and([
              eb('excluded.step', '=', ref('latest_metrics.step')),
              eb('excluded.timestamp', '>=', ref('latest_metrics.timestamp')),
            ]),
          ]),
        ),
    )
    .execute();
}

const isNewer = (known: MetricRow | undefined, { step, timestamp }: MetricRow): boolean =>
  known !== undefined && (known.step > step || (known.step === step && known.timestamp > timestamp));

function rowOf(run_id: string, { key, value, timestamp, step }: Metric): MetricRow {
  const is_nan = Number.isNaN(value) ? 1 : 0;
  return { run_id, key, value: is_nan ? 0 : value, is_nan, timestamp, step };
}

/** As MLflow writes it: JSON has no NaN and no infinity. */
export function presentMetric({ key, value, is_nan, timestamp, step }: MetricRow): object {
  const shown = is_nan ? 'NaN' : Number.isFinite(value) ? value : value > 0 ? 'Infinity' : '-Infinity';
  return { key, value: shown, timestamp, step };
}

/** All values of one metric, oldest step first. */
export const metricHistory: Endpoint = async ({ database }, input) => {
  const [size, offset] = [input.pageSize(25_000), input.offset()];
  const rows = await database.query
    .selectFrom('metrics')
    .selectAll()
    .where('run_id', '=', input.optionalText('run_id') ?? input.text('run_uuid'))
    .where('key', '=', input.text('metric_key'))
    .orderBy('step')
    .orderBy('timestamp')
    .orderBy('value')
    .limit(size + 1)
    .offset(offset)
    .execute();
  const page = pageOf(rows, offset, size);
  return { metrics: page.rows.map(presentMetric), ...page.next };
};
