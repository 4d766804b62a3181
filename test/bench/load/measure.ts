import { createClient } from './client.ts';
import type { LoadOptions } from './options.ts';
import { predict } from './predict.ts';
import { progressLine, type Screen } from './progress-line.ts';
import { prepareFolder, writeReports } from './report.ts';
import { runLoad } from './run.ts';
import { summarize } from './summary.ts';
import { chooseBody, NoTarget } from './target.ts';
import { textOf } from './words.ts';

export interface Surroundings {
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Ends the run at once; the report covers what was measured. */
  readonly stop: AbortSignal;
}

/** Measures and reports. Resolves with the exit code: 0 when tasks succeeded, else 1. */
export async function measureLoad(options: LoadOptions, { stdout, stderr, stop }: Surroundings): Promise<0 | 1> {
  using client = createClient(options.url, options.headers);
  try {
    await prepareFolder(options.into);
    const body = await chooseBody(client, options);
    const { model, patience } = options;
    const startedAt = new Date();
    const progress = progressLine(stderr);
    const send = () => predict(client, { model, body, patience }, stop);
    const measured = await runLoad(options, send, { tell: progress.tell, stop });
    progress.end();
    const summary = summarize(options, measured, { body, startedAt, wasStopped: stop.aborted });
    stdout.write(`${textOf(summary)}\n`);
    const paths = await writeReports(options.into, summary, measured.samples);
    stdout.write(`Reports: ${paths.join(' and ')}\n`);
    return summary.succeeded > 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof NoTarget) stderr.write(`${error.message}\n`);
    else if (isOfFile(error)) stderr.write(`Cannot write reports to ${options.into}: ${error.code}.\n`);
    else throw error;
    // Recovery: the error is printed, and nothing needs to be undone.
    return 1;
  }
}

const isOfFile = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'path' in error;
