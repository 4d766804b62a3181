import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, TaskError } from '#client';
import { positiveNumber, typedJson } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface LoadOptions {
  readonly rate: number;
  readonly seconds: number;
}

/** `load <model> [json]`: predictions at a constant rate, whatever the answers take. */
export const addLoad: AddVerb = (program, io) => {
  program
    .command('load')
    .argument('<model>')
    .argument('[request]', 'JSON', '{}')
    .option('--rate <number>', 'predictions a second', positiveNumber, 10)
    .option('--seconds <number>', 'how long', positiveNumber, 10)
    .action(async (model: string, given: string, { rate, seconds }: LoadOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const request = typedJson(given);
      const total = Math.max(1, Math.round(rate * seconds));
      const times: number[] = [];
      const errors = new Map<string, number>();
      const startedAt = performance.now();
      const running: Promise<void>[] = [];
      for (let sent = 0; sent < total; sent += 1) {
        await sleep(Math.max(0, startedAt + (sent * 1000) / rate - performance.now()));
        running.push(predictOnce(() => api.predict(model, request), times, errors));
        output.progress(`${sent + 1} of ${total} sent, ${times.length} answered`);
      }
      await Promise.all(running);
      output.progress('');
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => {
        const ms = sorted[Math.ceil(sorted.length * share) - 1];
        return ms === undefined ? null : Math.round(ms * 10) / 10;
      };
      const report = { sent: total, succeeded: times.length, p50_ms: at(0.5), p90_ms: at(0.9), p99_ms: at(0.99) };
      const failed = Object.fromEntries(errors);
      output.show({ ...report, errors: failed }, () => [
        ...output.table(Object.keys(report), [Object.values(report)]),
        ...[...errors].map(([code, count]) => `${count} × ${code}`),
      ]);
      if (times.length === 0) throw new Error('No request succeeded.');
    });
};

async function predictOnce(
  predict: () => Promise<unknown>,
  times: number[],
  errors: Map<string, number>,
): Promise<void> {
  const startedAt = performance.now();
  try {
    await predict();
    times.push(performance.now() - startedAt);
  } catch (error) {
    // Recovery: errors are counted by kind.
    const isKnown = error instanceof ApiError || error instanceof TaskError;
    const code = isKnown ? error.code : 'unreachable';
    errors.set(code, (errors.get(code) ?? 0) + 1);
  }
}
