import { contractOf, loadCodec } from '#contract';
import {
  isUserId,
  LIFECYCLE_SERVICES,
  type LifecycleService,
  PREDICTION_LOG_OWNER,
  STAGE_MODEL,
  submitTask,
} from '#core';
import type { Platform } from '#platform/platform.ts';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';

const TIMEOUT_SECONDS = 3600;

/** Queues the stages that erase what services of the lifecycle have of a deleted user. `services`: @default all used */
export async function eraseTraces(
  platform: Platform,
  owner: string,
  services?: readonly LifecycleService[],
): Promise<void> {
  if (!isUserId(owner)) return;
  const args = JSON.stringify({ owner, before: platform.clock.now(), deleted: true });
  for (const service of services ?? (await usedServices(platform))) {
    await loadCodec();
    const stage = { service, stage: 'erase', arguments_json: args, owner: PREDICTION_LOG_OWNER };
    await submitTask(platform, {
      ...{ owner: PREDICTION_LOG_OWNER, model: STAGE_MODEL, contract: contractOf(StageRequest, StageResponse) },
      request: StageRequest.encode(stage),
      limits: { timeoutSeconds: TIMEOUT_SECONDS },
    });
  }
}

/** A process without the databases asks all services, if the system has a worker of the lifecycle. */
async function usedServices({ lifecycle, registry }: Platform): Promise<readonly LifecycleService[]> {
  // Rejects where the environment names no stores of the lifecycle.
  const stores = await lifecycle?.().catch(() => undefined);
  const used = LIFECYCLE_SERVICES.filter((service) => stores?.hasDatabase(service));
  return used.length > 0 || !(await registry.readModel(STAGE_MODEL)) ? used : LIFECYCLE_SERVICES;
}
