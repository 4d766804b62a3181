import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ApiError, TaskError, UnreachableError } from '#client';
import { Stopped, stopOnInterrupt, wholeNumber } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface BatchOptions {
  readonly out: string;
  readonly size: number;
}

/** `batch <model> <file>`: one outcome a line, in the order of the requests. */
export const addBatch: AddVerb = (program, io) => {
  program
    .command('batch')
    .argument('<model>')
    .argument('<file>', 'one request a line')
    .option('--out <file>', 'where outcomes go (default: <file>.out)', '')
    .option('--size <number>', 'requests per call, 1 to 1,000', wholeNumber(1, 1000), 250)
    .action(async (model: string, file: string, { out, size }: BatchOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const into = out === '' ? `${file}.out` : out;
      const total = await countLines(file);
      dropPartialLine(into);
      const done = existsSync(into) ? await countLines(into) : 0;
      const run = runOf(`${into}.run`, size);
      await using sink = await open(into, 'a');
      const stopped = stopOnInterrupt();
      let count = done;
      let failed = 0;
      const options = { size: run.size, idempotencyKey: run.key, from: done, signal: stopped };
      try {
        for await (const item of api.batch(model, requestsOf(file), options)) {
          if ('error' in item && isOfCall(item.error)) throw item.error;
          const line = 'error' in item ? { error: described(item.error) } : { result: item.result };
          if ('error' in item) failed += 1;
          await sink.appendFile(`${JSON.stringify({ index: item.index, ...line })}\n`);
          count += 1;
          output.progress(`${bar(count / total)} ${count} of ${total}${failed > 0 ? `, ${failed} failed` : ''}`);
          stopped.throwIfAborted();
        }
      } catch (error) {
        output.progress('');
        if (!stopped.aborted) throw error;
        throw new Stopped(`Stopped after ${count} of ${total}. The same command resumes.`);
      }
      rmSync(`${into}.run`, { force: true });
      output.progress('');
      const summary = { total, skipped: done, failed, out: into };
      const known = done > 0 ? `, ${done} known before` : '';
      output.show(summary, () => [`${count - failed - done} succeeded, ${failed} failed${known}: ${into}`]);
      if (failed > 0) throw new Error(`${failed} of ${total - done} requests failed.`);
    });
};

/** Errors of a call, not of one request. They end the command, so that it resumes with the requests of the call. */
const isOfCall = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ApiError && OF_CALLS.has(error.status));

const OF_CALLS: ReadonlySet<number> = new Set([401, 403, 404, 429, 502, 503, 504]);

/** An incomplete last line of a run that was killed while it wrote. */
function dropPartialLine(file: string): void {
  if (!existsSync(file)) return;
  const bytes = readFileSync(file);
  truncateSync(file, bytes.lastIndexOf('\n') + 1);
}

interface Run {
  readonly key: string;
  readonly size: number;
}

/**
 * The state that lets an interrupted run be resumed without running a request twice. Kept in a file until the run is
 * complete.
 */
function runOf(file: string, size: number): Run {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Run;
  const run = { key: randomUUID(), size };
  writeFileSync(file, JSON.stringify(run));
  return run;
}

const WIDTH = 30;

const bar = (fraction: number): string => `[${'#'.repeat(Math.round(fraction * WIDTH)).padEnd(WIDTH, '.')}]`;

async function* lines(file: string): AsyncGenerator<string> {
  await using opened = await open(file);
  if ((await opened.stat()).isDirectory()) throw new Error(`${file} is a folder, not a file.`);
  for await (const line of opened.readLines({ autoClose: false })) if (line.trim() !== '') yield line;
}

async function countLines(file: string): Promise<number> {
  let count = 0;
  for await (const _ of lines(file)) count += 1;
  return count;
}

async function* requestsOf(file: string): AsyncGenerator<unknown> {
  let number = 0;
  for await (const line of lines(file)) {
    number += 1;
    try {
      yield JSON.parse(line);
    } catch {
      throw new Error(`Line ${number} of ${file} is not JSON.`);
    }
  }
}

const described = (error: unknown) => {
  if (error instanceof ApiError) return { code: error.code, message: error.message, errors: error.problem.errors };
  if (error instanceof TaskError) return { code: error.code, message: error.message, task: error.task.id };
  return { code: 'unreachable', message: String(error) };
};
