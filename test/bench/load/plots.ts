import { type Box, drawChart, drawing, lineThrough } from '../charts/chart.ts';
import { linear, linearTo, logarithmic, type Scale } from '../charts/scale.ts';
import { SUCCEEDED } from './predict.ts';
import type { Sample } from './run.ts';
import { type Percentiles, windowSeconds } from './statistics.ts';
import type { Summary } from './summary.ts';

const LATENCY: Box = { width: 900, height: 380, left: 70, right: 18, top: 36, bottom: 46 };
const PACE: Box = { ...LATENCY, height: 220 };
/** Points in one square of this edge are merged, which limits the size of a drawing. */
const SQUARE = 3;
const LINES = { p50: 'low', p90: 'mid', p99: 'other' } as const;

/** Up to this number of points, larger dots are used. */
const FEW = 500;

/** Latency of every sent task over time, with the course of p50, p90 and p99. */
export function latencyPlot({ windows, sendingSeconds, rate }: Summary, samples: readonly Sample[]): string {
  const x = timeScale(sendingSeconds, LATENCY);
  const y = latencyScale(samples);
  const wide = windowSeconds(sendingSeconds, rate);
  const middle = (from: number): number => x.at((from + Math.min(sendingSeconds, from + wide)) / 2);
  const line = (name: keyof Percentiles & keyof typeof LINES): string =>
    lineThrough(
      LINES[name],
      windows.flatMap(({ fromSeconds, latencyMs }) =>
        latencyMs ? [[middle(fromSeconds), y.at(latencyMs[name])] as const] : [],
      ),
    );
  const chart = drawChart({
    title: 'Latency of each task',
    box: LATENCY,
    x: { name: 'when it was due: seconds after the start', scale: x },
    y: { name: 'milliseconds until its result', scale: y, tick: (ms) => ms.toLocaleString('en') },
    legend: [
      { name: 'succeeded', mark: 'good dots' },
      { name: 'did not', mark: 'bad dots' },
      ...Object.entries(LINES).map(([name, mark]) => ({ name, mark })),
    ],
    marks: [...dots(samples, x, y), line('p50'), line('p90'), line('p99')],
  });
  return drawing(LATENCY, 'Latency of each task over time, on a logarithmic scale', chart);
}

/** Successful and other requests per second, by their due time. */
export function pacePlot(summary: Summary): string {
  const { sendingSeconds, rate } = summary;
  const stretches = stretchesOf(summary);
  const most = stretches.reduce((max, { good, all }) => Math.max(max, good, all), rate);
  const x = timeScale(sendingSeconds, PACE);
  const y = linear(most, [PACE.height - PACE.bottom, PACE.top]);
  const bars = stretches.flatMap(({ from, to, good, all }) => {
    const bar = (mark: string, low: number, high: number): readonly string[] => {
      const size = `width="${Math.max(0.5, x.at(to) - x.at(from) - 1).toFixed(1)}" height="${(y.at(low) - y.at(high)).toFixed(1)}"`;
      const place = `x="${x.at(from).toFixed(1)}" y="${y.at(high).toFixed(1)}"`;
      return high > low ? [`<rect class="bar ${mark}" ${place} ${size}/>`] : [];
    };
    return [...bar('good', 0, good), ...bar('bad', good, all)];
  });
  const chart = drawChart({
    title: 'What became of them',
    box: PACE,
    x: { name: 'when they were due: seconds after the start', scale: x },
    y: { name: 'requests a second', scale: y, tick: (value) => value.toLocaleString('en') },
    legend: [
      { name: 'succeeded', mark: 'good' },
      { name: 'did not', mark: 'bad' },
    ],
    marks: bars,
  });
  return drawing(PACE, 'Requests a second that succeeded and did not, over time', chart);
}

/** Per window, in seconds: successful and all requests per second. */
function stretchesOf({ windows, sendingSeconds, rate }: Summary) {
  const wide = windowSeconds(sendingSeconds, rate);
  return windows.map(({ fromSeconds: from, succeeded, otherwise }) => {
    const to = Math.min(sendingSeconds, from + wide);
    const seconds = Math.max(1e-9, to - from);
    return { from, to, good: succeeded / seconds, all: (succeeded + otherwise) / seconds };
  });
}

const timeScale = (seconds: number, { width, left, right }: Box): Scale =>
  linearTo(Math.max(seconds, 0.01), [left, width - right]);

function latencyScale(samples: readonly Sample[]): Scale {
  let [min, max] = [Number.POSITIVE_INFINITY, 1];
  for (const { tookMs } of samples) {
    if (tookMs === undefined) continue;
    min = Math.min(min, tookMs);
    max = Math.max(max, tookMs);
  }
  // Clients cannot measure less than a tenth of a millisecond.
  const least = Math.max(0.1, Math.min(min, max));
  return logarithmic([least, max], [LATENCY.height - LATENCY.bottom, LATENCY.top]);
}

/** More opaque where many points share a square. Failed requests are drawn last. */
function dots(samples: readonly Sample[], x: Scale, y: Scale): readonly string[] {
  const squares = { good: new Map<string, number>(), bad: new Map<string, number>() };
  for (const { atMs, tookMs, what } of samples) {
    if (tookMs === undefined) continue;
    const square = `M${snapped(x.at(atMs / 1000))} ${snapped(y.at(tookMs))}h0`;
    const counts = what === SUCCEEDED ? squares.good : squares.bad;
    counts.set(square, (counts.get(square) ?? 0) + 1);
  }
  const size = samples.length < FEW ? 'dots large' : 'dots';
  return (['good', 'bad'] as const).flatMap((kind) =>
    LEVELS.flatMap(({ mark, from, below }) => {
      const path = [...squares[kind]].flatMap(([square, count]) => (count >= from && count < below ? [square] : []));
      return path.length === 0 ? [] : [`<path class="${kind} ${size} ${mark}" d="${path.join('')}"/>`];
    }),
  );
}

const LEVELS = [
  { mark: 'few', from: 1, below: 3 },
  { mark: 'some', from: 3, below: 10 },
  { mark: 'many', from: 10, below: Number.POSITIVE_INFINITY },
] as const;

const snapped = (place: number): number => Math.round(place / SQUARE) * SQUARE;
