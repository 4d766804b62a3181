import { randomUUID } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import { ApiError, TaskError } from '#client';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface BatchOptions {
  readonly out: string;
  readonly size: string;
}

/** `batch <model> <file>`: one outcome a line, in the order of the requests. */
export const addBatch: AddVerb = (program, io) => {
  program
    .command('batch')
    .argument('<model>')
    .argument('<file>', 'one request a line')
    .option('--out <file>', 'where outcomes go (default: <file>.out)', '')
    .option('--size <number>', 'requests per call, 1 to 1,000', '250')
    .action(async (model: string, file: string, { out, size }: BatchOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const into = out === '' ? `${file}.out` : out;
      dropPartialLine(into);
      const [total, done] = await Promise.all([countLines(file), existsSync(into) ? countLines(into) : 0]);
      const run = runOf(`${into}.run`, size);
      const sink = createWriteStream(into, { flags: 'a' });
      let count = done;
      let failed = 0;
      const options = { size: run.size, idempotencyKey: run.key, from: done };
      for await (const item of api.batch(model, requestsOf(file), options)) {
        const line = 'error' in item ? { error: described(item.error) } : { result: item.result };
        if ('error' in item) failed += 1;
        sink.write(`${JSON.stringify({ index: item.index, ...line })}\n`);
        count += 1;
        output.progress(`${bar(count / total)} ${count} of ${total}${failed > 0 ? `, ${failed} failed` : ''}`);
      }
      await new Promise<void>((resolve) => sink.end(() => resolve()));
      rmSync(`${into}.run`, { force: true });
      output.progress('');
      const summary = { total, skipped: done, failed, out: into };
      output.show(summary, () => [`${count - failed - done} succeeded, ${failed} failed: ${into}`]);
      if (failed > 0) throw new Error(`${failed} of ${total - done} requests failed.`);
    });
};

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
function runOf(file: string, size: string): Run {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Run;
  const run = { key: randomUUID(), size: Math.min(1000, Math.max(1, Math.floor(Number(size)) || 1)) };
  writeFileSync(file, JSON.stringify(run));
  return run;
}

const WIDTH = 30;

const bar = (fraction: number): string => `[${'#'.repeat(Math.round(fraction * WIDTH)).padEnd(WIDTH, '.')}]`;

async function* lines(file: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file) })) if (line.trim() !== '') yield line;
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
