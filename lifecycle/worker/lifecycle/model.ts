import { platformOfThisProcess } from '#platform/from-environment.ts';
import { StageRequest, StageResponse } from '#proto/modelyard/v1/lifecycle_stage.ts';
import { defineModel } from '#runtime/define-model.ts';
import { codeAtStart } from '../../code.ts';
import { openLifecycle } from '../../open-lifecycle.ts';
import { relayAll } from '../../relay.ts';
import { runStage } from '../../run-stage.ts';
import { manifest } from './manifest.ts';

/** A stage is a task of this model: the queue, the lease, the retries and the dead letters are those of predictions. */
export default defineModel({
  manifest,
  request: StageRequest,
  response: StageResponse,

  async setup({ logger }) {
    await codeAtStart();
    const platform = await platformOfThisProcess((message) => logger.warn(message));
    const lifecycle = await openLifecycle(platform, logger);
    // Events of processes that ended before they could deliver them.
    await relayAll(lifecycle);
    return lifecycle;
  },

  async predict(lifecycle, request, { signal, taskId, attempt, logger }) {
    return {
      result_json: JSON.stringify(await runStage({ ...lifecycle, logger }, request, { signal, taskId, attempt })),
    };
  },
});
