import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Modelyard, type Task } from '#client';
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
  readonly lines: string;
  readonly follow?: boolean;
}

const FOLLOW_MS = 1_000;

/** `logs <model|instance|task>`. */
export const addLogs: AddVerb = (program, io) => {
  program
    .command('logs')
    .argument('<what>', 'a model, an instance or a task')
    .option('--lines <number>', 'at most so many, 1 to 1,000', '100')
    .option('--follow', 'goes on with new lines until it is stopped')
    .action(async (what: string, { lines: limit, follow }: LogOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const { model, ...filter } = await sourceOf(api, what);
      const read = async (count: string) => {
        const query = new URLSearchParams({ limit: count, ...filter });
        const path = `/models/${encodeURIComponent(model)}/logs?${query}`;
        return (await api.request<{ lines: readonly Line[] }>('GET', path)).lines;
      };
      const lines = await read(limit);
      if (!follow) return output.show(lines, () => (lines.length === 0 ? ['Nothing was logged.'] : lines.map(text)));
      const show = (line: Line) => io.output.write(`${output.isJson ? JSON.stringify(line) : text(line)}\n`);
      for (const line of lines) show(line);
      for (let last = lines.at(-1)?.at ?? ''; ; ) {
        await sleep(FOLLOW_MS);
        const newer = (await read('1000')).filter(({ at }) => at > last);
        for (const line of newer) show(line);
        last = newer.at(-1)?.at ?? last;
      }
    });
};

const text = ({ at, instance, level, message, fields }: Line): string =>
  [at, instance, level, message, Object.keys(fields).length > 0 ? JSON.stringify(fields) : ''].join('  ').trimEnd();

const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Source {
  readonly model: string;
  readonly task?: string;
  readonly instance?: string;
}

/** The model whose logs are asked for. */
async function sourceOf(api: Modelyard, what: string): Promise<Source> {
  if (TASK_ID.test(what)) {
    const task = await api.request<Task>('GET', `/tasks/${what}`).catch(unlessMissing);
    if (task) return { model: task.model, task: what };
  }
  const names = await modelNames(api);
  if (names.includes(what)) return { model: what };
  for (const model of names) {
    if ((await instancesOf(api, model)).some(({ id }) => id === what)) return { model, instance: what };
  }
  // An instance that has ended is `<model>-<number>` on this machine.
  const model = names.find((name) => what.startsWith(`${name}-`));
  if (model !== undefined) return { model, instance: what };
  throw new Error(`There is no model, instance or task ${what}.`);
}

/** An instance may have an id like a task. */
function unlessMissing(error: unknown): undefined {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}
