import { STAGE_MODEL, submitTask, type Task } from '#core';
import { type Stage, stageCommand } from '#core/stages';
import type { Lifecycle } from './lifecycle.ts';

export interface StageStart extends Stage {
  /** The same key starts the stage once. */
  readonly key?: string;
}

/** Queues a stage as a task and makes sure that a worker runs. Rejects when the task was not accepted. */
export async function startStage(
  { platform, logger }: Pick<Lifecycle, 'platform' | 'logger'>,
  { key, ...stage }: StageStart,
): Promise<Task> {
  const task = await submitTask(platform, {
    ...(await stageCommand(stage)),
    ...(key === undefined ? {} : { idempotencyKey: key }),
  });
  await wakeWorker(platform).catch((error: unknown) => {
    logger.warn('The worker of the lifecycle could not be started; its tasks wait.', { reason: String(error) });
  });
  return task;
}

/** Starts a worker if stages wait that a process without control of instances has queued, such as an instance. */
export async function wakeForWaiting({ platform }: Pick<Lifecycle, 'platform'>): Promise<void> {
  const { visible } = await platform.queues(STAGE_MODEL).depth();
  if (visible > 0) await wakeWorker(platform);
}

/** Starts a worker if none runs. Where this process cannot, the deployment keeps one running. */
async function wakeWorker({ instances }: Lifecycle['platform']): Promise<void> {
  if (!instances) return;
  const running = (await instances.list(STAGE_MODEL)).filter(({ state }) => state !== 'draining');
  if (running.length > 0) return;
  await (instances.wake ? instances.wake(STAGE_MODEL) : instances.launch(STAGE_MODEL));
}
