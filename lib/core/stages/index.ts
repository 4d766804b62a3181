import { contractOf, loadCodec } from '#contract';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { ModelyardError } from '../errors.ts';
import { type JsonObject, type LifecycleService, STAGE_MODEL } from '../lifecycle/services.ts';
import type { ContractStore } from '../models/model-registry.ts';
import type { BlobStore } from '../tasks/payload.ts';
import { readResult } from '../tasks/read-tasks.ts';
import { MAX_DEADLINE_SECONDS, type SubmitCommand } from '../tasks/submit-task.ts';
import type { Task } from '../tasks/task.ts';

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
    // An event is delivered once: its stage waits as long as it can for a service whose database is away.
    deadlineSeconds: MAX_DEADLINE_SECONDS,
  };
}

/** The result of a stage that succeeded. Rejects with its error otherwise. */
export async function stageResult(
  platform: { readonly blobs: BlobStore; readonly contracts: ContractStore },
  task: Task,
): Promise<JsonObject> {
  const result = await readResult(platform, task);
  if (!result) {
    const { code, message } = task.error ?? { code: 'internal', message: `The stage is ${task.state}.` };
    throw new ModelyardError(code === 'invalid_input' ? 'invalid_input' : 'internal', message);
  }
  await loadCodec();
  return JSON.parse(StageResponse.decode(result.bytes).result_json) as JsonObject;
}
