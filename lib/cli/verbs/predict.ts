import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { isOver, type Task, TaskError } from '#client';
import { readJson, Stopped, stopOnInterrupt, typedJson } from '../arguments.ts';
import type { AddVerb, CliIo } from '../program.ts';
import { type CliSession, sessionOf } from '../session.ts';

interface PredictOptions {
  readonly wait: boolean;
  readonly watch?: boolean;
}

/** `predict <model> [json|@file|-]`. */
export const addPredict: AddVerb = (program, io) => {
  program
    .command('predict')
    .argument('<model>')
    .argument('[request]', 'JSON, @file, or - for the standard input', '{}')
    .option('--wait', 'waits for the result (the default)', true)
    .option('--no-wait', 'prints the task at once')
    .option('--watch', 'prints every change of the task until it has ended')
    .action(async (model: string, given: string, { wait, watch }: PredictOptions, command) => {
      const session = await sessionOf(command, io);
      const request = await readRequest(given, io);
      if (watch) return follow(session, (await session.api.submit(model, request)).id);
      if (!wait) {
        const task = await session.api.submit(model, request);
        return session.output.show(task, () => [task.id]);
      }
      const result = await session.api.predict(model, request);
      session.output.show(result, () => [JSON.stringify(result, null, 2)]);
    });
};

/**
 * Prints every state of a task, parts of its result as they come, and its progress on a terminal. Rejects with
 * `TaskError` when it ends without a result, and with `Stopped` after Ctrl-C.
 */
export async function follow({ api, output }: CliSession, id: string): Promise<void> {
  let last: Task | undefined;
  const stopped = stopOnInterrupt();
  try {
    for await (const event of api.events(id, { signal: stopped })) {
      if (event.type === 'state') {
        last = event.task;
        output.progress('');
        if (!isOver(last) || !output.isJson) output.show(last, () => [`${id}  ${event.task.state}`]);
      } else if (event.type === 'progress') {
        output.progress(`${Math.round(event.fraction * 100)} %  ${event.message ?? ''}`);
      } else if (event.type === 'partial') output.show(event.result, () => [JSON.stringify(event.result)]);
    }
  } catch (error) {
    output.progress('');
    if (!stopped.aborted) throw error;
    throw new Stopped(`Stopped. The task goes on: \`modelyard tasks watch ${id}\`.`);
  }
  if (last && last.state !== 'succeeded') throw new TaskError(last);
  if (last) output.show(last, () => [JSON.stringify(last.result, null, 2)]);
}

/** The request that was typed, or that a file or the standard input has. */
async function readRequest(given: string, io: CliIo): Promise<unknown> {
  if (given === '-') return readJson(await text(io.input), 'The standard input');
  if (!given.startsWith('@')) return typedJson(given);
  return readJson(await readFile(given.slice(1), 'utf8'), given.slice(1));
}
