import { Suspense } from 'react';
import { later } from './later.ts';
import type { ModelStats } from './stats.ts';
import { duration, Empty } from './ui.tsx';

/** Loaded when there is something to draw. */
const Chart = later(() => import('./chart.tsx'));

/** Nothing where nothing failed: a red line at zero looks like trouble. */
const failuresOf = (series: ModelStats['series']) => ({
  name: 'failed',
  colour: '--bad',
  values: series.map(({ failed, expired }) => failed + expired || null),
});

const QUANTILE_COLOURS = { p50: '--good', p90: '--busy', p99: '--bad' } as const;
type Quantile = keyof typeof QUANTILE_COLOURS;

const quantilesOf = (
  series: ModelStats['series'],
  key: 'queue_ms' | 'run_ms',
  names: readonly Quantile[] = ['p50', 'p90', 'p99'],
) =>
  names.map((name) => ({
    name,
    colour: QUANTILE_COLOURS[name],
    values: series.map((minute) => minute[key]?.[name] ?? null),
    isSparse: true,
  }));

/** Tasks per minute and how long they ran, small enough for a list. */
export function Sparklines({
  model,
  stats: { series, total },
}: {
  readonly model: string;
  readonly stats: ModelStats;
}) {
  if (total.ended === 0) return null;
  const times = series.map(({ minute }) => minute);
  const { run_ms } = total;
  return (
    <Suspense fallback={null}>
      <p className="faint">Tasks a minute</p>
      <Chart
        label={`${model}: ${total.ended} tasks ended in the last ${series.length} minutes`}
        times={times}
        curves={[{ name: 'ended', colour: '--accent', values: series.map(({ ended }) => ended) }, failuresOf(series)]}
        height={48}
        hasAxes={false}
      />
      {run_ms ? (
        <>
          <p className="faint">
            Run: <span className="good">p50</span> and <span className="bad">p99</span>
          </p>
          <Chart
            label={`${model}: half of the runs took ${duration(run_ms.p50)} or less, 99 of 100 ${duration(run_ms.p99)}`}
            times={times}
            curves={quantilesOf(series, 'run_ms', ['p50', 'p99'])}
            height={48}
            hasAxes={false}
          />
        </>
      ) : null}
    </Suspense>
  );
}

/** Throughput, waits and runs of a model. */
export function Curves({ stats: { series, total, minutes } }: { readonly stats: ModelStats }) {
  if (total.ended === 0) {
    return <Empty>No task has ended in the last {minutes} minutes. Try the model, and look here again.</Empty>;
  }
  const times = series.map(({ minute }) => minute);
  return (
    <Suspense fallback={null}>
      <h2>Tasks a minute</h2>
      <Chart
        label={`${total.succeeded} succeeded and ${total.failed + total.expired} failed in the last ${minutes} minutes`}
        times={times}
        curves={[
          { name: 'succeeded', colour: '--good', values: series.map(({ succeeded }) => succeeded) },
          failuresOf(series),
        ]}
        height={180}
        hasAxes
      />
      <h2>Wait in the queue, in ms</h2>
      <Chart
        label={`Half of the tasks waited ${duration(total.queue_ms?.p50)} or less, 99 of 100 ${duration(total.queue_ms?.p99)}`}
        times={times}
        curves={quantilesOf(series, 'queue_ms')}
        height={180}
        hasAxes
      />
      <h2>Run, in ms</h2>
      <Chart
        label={`Half of the runs took ${duration(total.run_ms?.p50)} or less, 99 of 100 ${duration(total.run_ms?.p99)}`}
        times={times}
        curves={quantilesOf(series, 'run_ms')}
        height={180}
        hasAxes
      />
    </Suspense>
  );
}
