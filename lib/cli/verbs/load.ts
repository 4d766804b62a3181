import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, TaskError } from '#client';
import { positiveNumber, Stopped, stopOnInterrupt, typedJson } from '../arguments.ts';
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
      const stopped = stopOnInterrupt();
      const predict = () => api.predict(model, request, { signal: stopped });
      while (running.length < total) {
        const waitMs = Math.max(0, startedAt + (running.length * 1000) / rate - performance.now());
        await sleep(waitMs, undefined, { signal: stopped }).catch(() => undefined);
        if (stopped.aborted) break;
        running.push(predictOnce(predict, { times, errors, stopped }));
        output.progress(`${running.length} of ${total} sent, ${times.length} answered`);
      }
      await Promise.all(running);
      output.progress('');
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => {
        const ms = sorted[Math.ceil(sorted.length * share) - 1];
        return ms === undefined ? null : Math.round(ms * 10) / 10;
      };
      const report = {
        sent: running.length,
        succeeded: times.length,
        p50_ms: at(0.5),
        p90_ms: at(0.9),
        p99_ms: at(0.99),
      };
      const failed = Object.fromEntries(errors);
      output.show({ ...report, errors: failed }, () => [
        ...output.table(Object.keys(report), [Object.values(report)]),
        ...[...errors].map(([code, count]) => `${count} × ${code}`),
      ]);
      if (stopped.aborted) throw new Stopped('Stopped. These are the answers until then.');
      if (times.length === 0) throw new Error('No request succeeded.');
    });
};

interface Counts {
  readonly times: number[];
  readonly errors: Map<string, number>;
  /** What ends by it is neither a success nor an error. */
  readonly stopped: AbortSignal;
}

async function predictOnce(predict: () => Promise<unknown>, { times, errors, stopped }: Counts): Promise<void> {
  const startedAt = performance.now();
  try {
    await predict();
    times.push(performance.now() - startedAt);
  } catch (error) {
    if (stopped.aborted) return;
    // Recovery: errors are counted by kind.
    const isKnown = error instanceof ApiError || error instanceof TaskError;
    const code = isKnown ? error.code : 'unreachable';
    errors.set(code, (errors.get(code) ?? 0) + 1);
  }
}
