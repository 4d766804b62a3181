import { lazy, Suspense } from 'react';
import type { ModelStats } from './stats.ts';
import { duration, Empty } from './ui.tsx';

/** Loaded when there is something to draw. */
const Chart = lazy(() => import('./chart.tsx'));

/** Nothing where nothing failed: a red line at zero looks like trouble. */
const failuresOf = (series: ModelStats['series']) => ({
  name: 'failed',
  colour: '--bad',
  values: series.map(({ failed, expired }) => failed + expired || null),
});

/** Tasks per minute, small enough for a list. */
export function Sparkline({ model, stats: { series, total } }: { readonly model: string; readonly stats: ModelStats }) {
  if (total.ended === 0) return null;
  return (
    <Suspense fallback={null}>
      <Chart
        label={`${model}: ${total.ended} tasks ended in the last ${series.length} minutes`}
        times={series.map(({ minute }) => minute)}
        curves={[{ name: 'ended', colour: '--accent', values: series.map(({ ended }) => ended) }, failuresOf(series)]}
        height={48}
        hasAxes={false}
      />
    </Suspense>
  );
}

/** Throughput, waits and runs of a model. */
export function Curves({ stats: { series, total, minutes } }: { readonly stats: ModelStats }) {
  if (total.ended === 0) {
    return <Empty>No task has ended in the last {minutes} minutes. Try the model, and look here again.</Empty>;
  }
  const times = series.map(({ minute }) => minute);
  const quantiles = (key: 'queue_ms' | 'run_ms') =>
    (['p50', 'p90', 'p99'] as const).map((name, i) => ({
      name,
      colour: ['--good', '--busy', '--bad'][i] ?? '--accent',
      values: series.map((minute) => minute[key]?.[name] ?? null),
    }));
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
        curves={quantiles('queue_ms')}
        height={180}
        hasAxes
      />
      <h2>Run, in ms</h2>
      <Chart
        label={`Half of the runs took ${duration(total.run_ms?.p50)} or less, 99 of 100 ${duration(total.run_ms?.p99)}`}
        times={times}
        curves={quantiles('run_ms')}
        height={180}
        hasAxes
      />
    </Suspense>
  );
}
