import { contractOf, loadCodec } from '#contract';
import { PREDICTION_LOG_OWNER, STAGE_MODEL, submitTask } from '#core';
import type { Platform } from '#platform/platform.ts';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';

const TIMEOUT_SECONDS = 3600;

/** Starts the stage that deletes what the prediction log has of a user. A system without a lifecycle has no log. */
export async function erasePredictions(platform: Platform, owner: string): Promise<void> {
  const stores = await platform.lifecycle?.().catch(() => undefined);
  if (!stores?.hasDatabase('monitoring')) return;
  await loadCodec();
  const args = { owner, before: platform.clock.now(), deleted: true };
  const stage = { service: 'monitoring', stage: 'erase', arguments_json: JSON.stringify(args) };
  await submitTask(platform, {
    ...{ owner: PREDICTION_LOG_OWNER, model: STAGE_MODEL, contract: contractOf(StageRequest, StageResponse) },
    request: StageRequest.encode({ ...stage, owner: PREDICTION_LOG_OWNER }),
    limits: { timeoutSeconds: TIMEOUT_SECONDS },
  });
}
