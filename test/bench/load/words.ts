import { milliseconds, type Percentiles } from './statistics.ts';
import type { Summary } from './summary.ts';

/** A summary for the terminal. */
export function textOf(summary: Summary): string {
  const { model, url, requests, succeeded, throughput, latencyMs, latencyOfAllMs, errors } = summary;
  return [
    `${model} at ${url}, ${pace(summary)}`,
    `  succeeded    ${succeeded} of ${requests} (${share(summary)}), ${throughput} a second`,
    `  latency ms   ${inLine(latencyMs)}`,
    ...(errors.length > 0 ? [`  all, ms      ${inLine(latencyOfAllMs)}`] : []),
    ...errors.map(({ what, count, detail }) => `  ${count} × ${what}${detail === undefined ? '' : `: ${detail}`}`),
    ...remarks(summary).map((remark) => `  ${remark}`),
  ].join('\n');
}

/** How fast and how long it was sent. */
export const pace = ({ rate, seconds, sendingSeconds, wasStopped }: Summary): string =>
  `${rate} a second for ${wasStopped ? `${sendingSeconds} s of ${seconds} s, then stopped` : `${seconds} s`}`;

/** How many succeeded, in percent; never 100 unless all did. */
export const share = ({ requests, succeeded }: Summary): string =>
  requests === 0 ? '–' : `${Math.floor((succeeded / requests) * 10_000) / 100} %`;

/** What a reader must know to judge the figures. */
export function remarks(summary: Summary): readonly string[] {
  const { unfinished, sentLateMs, askedAgain, succeeded, requests, bodyWasGiven, body } = summary;
  const again = Object.entries(askedAgain).map(([why, count]) => `${count} × ${why}`);
  return [
    ...(unfinished > 0 ? [`${unfinished} were under way when it was stopped, and are in no other figure.`] : []),
    ...(again.length > 0 ? [`Accepted tasks were asked for again after ${again.join(', ')}.`] : []),
    `The sender itself was at most ${milliseconds(sentLateMs)} ms late${sentLateMs > LATE_MS ? ': it was the bottleneck then' : ''}.`,
    ...(succeeded === 0 && requests > 0 && !bodyWasGiven
      ? [`Every request was the example of the model's schema, ${body}; --body sends another.`]
      : []),
  ];
}

/** Later than what a busy machine does to any timer. */
const LATE_MS = 100;

/** Percentiles by their names. */
export function inLine(values: Percentiles | undefined): string {
  if (!values) return 'none';
  return Object.entries(values)
    .map(([name, ms]) => `${name} ${milliseconds(ms)}`)
    .join(', ');
}
