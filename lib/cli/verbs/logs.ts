import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Modelyard, type Task } from '#client';
import { wholeNumber } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';
import { instancesOf, modelNames } from './models.ts';

interface Line {
  readonly at: string;
  readonly instance: string;
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface LogOptions {
  readonly lines: number;
  readonly follow?: boolean;
}

const FOLLOW_MS = 1_000;
const MAX_LINES = 1_000;

/** `logs <model|instance|task>`. */
export const addLogs: AddVerb = (program, io) => {
  program
    .command('logs')
    .argument('<what>', 'a model, an instance or a task')
    .option('--lines <number>', 'at most so many, 1 to 1,000', wholeNumber(1, 1000), 100)
    .option('--follow', 'goes on with new lines until it is stopped')
    .action(async (what: string, { lines: limit, follow }: LogOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const source = await sourceOf(api, what);
      const lines = await read(api, source, limit);
      if (!follow) return output.show(lines, () => (lines.length === 0 ? ['Nothing was logged.'] : lines.map(text)));
      for await (const line of followed(api, source, lines)) {
        io.output.write(`${output.isJson ? JSON.stringify(line) : text(line)}\n`);
      }
    });
};

async function read(api: Modelyard, { model, ...filter }: Source, limit: number): Promise<readonly Line[]> {
  const query = new URLSearchParams({ limit: String(limit), ...filter });
  const path = `/models/${encodeURIComponent(model)}/logs?${query}`;
  return (await api.request<{ lines: readonly Line[] }>('GET', path)).lines;
}

/** These lines, and new ones as they come. */
async function* followed(api: Modelyard, source: Source, lines: readonly Line[]): AsyncGenerator<Line> {
  yield* lines;
  let newest = lines;
  for (;;) {
    await sleep(FOLLOW_MS);
    const last = newest.at(-1)?.at;
    // Several lines may have the time of the last one.
    const known = new Set(newest.filter(({ at }) => at === last).map((line) => JSON.stringify(line)));
    const since = await read(api, last === undefined ? source : { ...source, from: last }, MAX_LINES);
    yield* since.filter((line) => !known.has(JSON.stringify(line)));
    if (since.length > 0) newest = since;
  }
}

const text = ({ at, instance, level, message, fields }: Line): string =>
  [at, instance, level, message, Object.keys(fields).length > 0 ? JSON.stringify(fields) : ''].join('  ').trimEnd();

const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Source {
  readonly model: string;
  readonly task?: string;
  readonly instance?: string;
  /** Only lines of this time or later. */
  readonly from?: string;
}

/** The model whose logs are asked for. */
async function sourceOf(api: Modelyard, what: string): Promise<Source> {
  if (TASK_ID.test(what)) {
    const task = await api.request<Task>('GET', `/tasks/${what}`).catch(unlessMissing);
    if (task) return { model: task.model, task: what, from: timeBefore(task.created_at) };
  }
  const names = await modelNames(api);
  if (names.includes(what)) return { model: what };
  for (const model of names) {
    if ((await instancesOf(api, model)).some(({ id }) => id === what)) return { model, instance: what };
  }
  // One that has ended is known by its lines only.
  for (const model of names) {
    const source = { model, instance: what };
    if ((await read(api, source, 1)).length > 0) return source;
  }
  throw new Error(`There is no model, instance or task ${what}.`);
}

/** A minute earlier, because clocks differ. */
const timeBefore = (time: string): string => new Date(Date.parse(time) - 60_000).toISOString();

/** An instance may have an id like a task. */
function unlessMissing(error: unknown): undefined {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}
