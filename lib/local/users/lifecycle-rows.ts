import { randomUUID } from 'node:crypto';
import { usedServices } from '#api/erase-traces.ts';
import {
  eraseTask,
  isTerminal,
  type JsonObject,
  type LifecycleService,
  type Logger,
  ModelyardError,
  submitTask,
  waitForTask,
} from '#core';
import { type Stage, stageCommand, stageResult } from '#core/stages';
import type { FullPlatform } from '#platform/platform.ts';

/** Runs a stage of the lifecycle. Resolves with its result. */
export type RunStage = (stage: Stage) => Promise<JsonObject>;

/** A worker on AWS needs minutes to start. */
const WAIT_MS = 10 * 60_000;

/** What services of the lifecycle have of a user: objects with `service`, `table` and `row`. */
export async function* lifecycleRows(
  platform: FullPlatform & { readonly runStage: RunStage },
  owner: string,
): AsyncGenerator<JsonObject> {
  for (const service of await usedServices(platform)) {
    let next: JsonObject | null = {};
    while (next) {
      const page = await platform.runStage({ service, stage: 'export', args: { ...next, owner }, owner });
      for (const row of page.rows as readonly JsonObject[]) yield { service, ...row };
      next = page.next as JsonObject | null;
    }
  }
}

/** Runs stages in this process, beside the system that uses the data folder or after it. */
export const runHere = (platform: FullPlatform): RunStage => {
  const signal = new AbortController().signal;
  const open = async () => (await import('#lifecycle/open-lifecycle.ts')).openLifecycle(platform, SILENT);
  let opened: ReturnType<typeof open> | undefined;
  return async ({ service, stage, args, owner }) => {
    opened ??= open();
    const lifecycle = await opened;
    return lifecycle.perform(`${service}.${stage}`, args, { owner, taskId: randomUUID(), attempt: 1, signal });
  };
};

const ignore = () => undefined;
const SILENT: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Runs stages as tasks of their owner, and deletes each with its result. Rejects when no worker of the lifecycle answers
 * within ten minutes.
 */
export const askWorker =
  (platform: FullPlatform): RunStage =>
  async (stage) => {
    const known = await submitTask(platform, await stageCommand(stage));
    const { id, owner } = known;
    try {
      const task = await waitForTask(platform, { id, owner, waitMs: WAIT_MS, known });
      if (!isTerminal(task.state)) throw notAnswered(stage.service);
      return await stageResult(platform, task);
    } finally {
      await eraseTask(platform, known);
    }
  };

const notAnswered = (service: LifecycleService) =>
  new ModelyardError('store_unavailable', `The worker of the lifecycle has not read ${service} in ten minutes.`);
