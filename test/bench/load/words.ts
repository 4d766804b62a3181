import { milliseconds, type Percentiles } from './statistics.ts';
import type { Summary } from './summary.ts';

/** The summary for the terminal. */
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

/** Rate and duration. */
export const pace = ({ rate, seconds, sendingSeconds, wasStopped }: Summary): string =>
  `${rate} a second for ${wasStopped ? `${sendingSeconds} s of ${seconds} s, then stopped` : `${seconds} s`}`;

/** The share of successful requests in percent. 100 only if all succeeded. */
export const share = ({ requests, succeeded }: Summary): string =>
  requests === 0 ? '–' : `${Math.floor((succeeded / requests) * 10_000) / 100} %`;

/** Conditions that a reader must know to judge the figures. */
export function remarks(summary: Summary): readonly string[] {
  const { unfinished, sentLateMs, askedAgain, succeeded, requests, bodyWasGiven, body } = summary;
  const again = Object.entries(askedAgain).map(([why, count]) => `${count} × ${why}`);
  return [
    ...(unfinished > 0
      ? [`${unfinished} were in flight when the run was stopped; no other figure includes them.`]
      : []),
    ...(again.length > 0 ? [`Accepted tasks were polled again after ${again.join(', ')}.`] : []),
    `The client sent at most ${milliseconds(sentLateMs.max)} ms late${isBottleneck(summary) ? ': it was the bottleneck' : ''}.`,
    ...(succeeded === 0 && requests > 0 && !bodyWasGiven
      ? [`Every request was the example of the model's schema, ${body}. Use --body for another.`]
      : []),
  ];
}

/** A larger delay is not explained by timers of a busy machine. */
const LATE_MS = 10;

/** Latency counts from the due time. Half of it or more was the client's own delay. */
const isBottleneck = ({ sentLateMs, latencyOfAllMs }: Summary): boolean =>
  sentLateMs.p99 > LATE_MS && sentLateMs.p99 >= (latencyOfAllMs?.p99 ?? 0) / 2;

export function inLine(values: Percentiles | undefined): string {
  if (!values) return 'none';
  return Object.entries(values)
    .map(([name, ms]) => `${name} ${milliseconds(ms)}`)
    .join(', ');
}
