import { contractOf, loadCodec } from '#contract';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { type JsonObject, type LifecycleService, STAGE_MODEL } from '../lifecycle/services.ts';
import type { SubmitCommand } from '../tasks/submit-task.ts';

export interface Stage {
  readonly service: LifecycleService;
  readonly stage: string;
  readonly args: JsonObject;
  /** Who asked for it, and whose list of tasks it is in. */
  readonly owner: string;
}

const TIMEOUT_SECONDS = 3600;

/** What `submitTask` takes to queue a stage of a service. */
export async function stageCommand({ service, stage, args, owner }: Stage): Promise<SubmitCommand> {
  await loadCodec();
  return {
    owner,
    model: STAGE_MODEL,
    contract: contractOf(StageRequest, StageResponse),
    request: StageRequest.encode({ service, stage, arguments_json: JSON.stringify(args), owner }),
    limits: { timeoutSeconds: TIMEOUT_SECONDS },
  };
}
