import {
  eraseUser,
  isUserId,
  LIFECYCLE_SERVICES,
  type LifecycleService,
  PREDICTION_LOG_OWNER,
  STAGE_MODEL,
  submitTask,
} from '#core';
import { stageCommand } from '#core/stages';
import type { FullPlatform, Platform } from '#platform/platform.ts';

/** Deletes a user with everything that is stored of them, also in the lifecycle. Resolves with false without such a user. */
export const eraseEverywhere = (platform: FullPlatform, id: string): Promise<boolean> =>
  eraseUser({ ...platform, eraseTraces: (owner) => eraseTraces(platform, owner) }, id);

/** Queues the stages that erase what services of the lifecycle have of a deleted user. `services`: @default all used */
export async function eraseTraces(
  platform: Platform,
  owner: string,
  services?: readonly LifecycleService[],
): Promise<void> {
  if (!isUserId(owner)) return;
  const stage = {
    stage: 'erase',
    args: { owner, before: platform.clock.now(), deleted: true },
    owner: PREDICTION_LOG_OWNER,
  };
  for (const service of services ?? (await usedServices(platform))) {
    await submitTask(platform, await stageCommand({ ...stage, service }));
  }
}

/**
 * The services that may have something of users. A process without the databases asks all of them, if the system has a
 * worker of the lifecycle.
 */
export async function usedServices({ lifecycle, registry }: Platform): Promise<readonly LifecycleService[]> {
  // Rejects where the environment names no stores of the lifecycle.
  const stores = await lifecycle?.().catch(() => undefined);
  const used = LIFECYCLE_SERVICES.filter((service) => stores?.hasDatabase(service));
  return used.length > 0 || !(await registry.readModel(STAGE_MODEL)) ? used : LIFECYCLE_SERVICES;
}
