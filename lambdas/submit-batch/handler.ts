import { createHash } from 'node:crypto';
import {
  batchPath,
  encodeItems,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  modelForTasks,
  presentBatch,
  presentItems,
  quotaForTasks,
  refuseWithoutInstance,
  splitBatch,
  submitOptions,
  waitPreference,
} from '#api';
import { loadCodec } from '#contract';
import { type AcceptedBatch, codeOf, countBatch, countsOfNew, submitBatch } from '#core';

/** `POST /models/{model}/batches`: up to 1,000 independent requests at once. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function submitMany(request) {
    const { metrics, platform } = deps;
    try {
      const accepted = await acceptBatch(deps, request);
      const { batch, isNew, refused } = accepted;
      const counts = isNew ? countsOfNew(batch.total, refused.size) : await countBatch(platform, batch);
      const body = presentBatch(batch, counts);
      const answer = { ...body, batch_id: batch.id, items: presentItems(accepted) };
      return json(202, answer, { Location: batchPath(batch.id) });
    } catch (error) {
      metrics.count('SubmitsRefused', { outcome: codeOf(error) });
      throw error;
    }
  });

/** Accepts a batch and wakes a sleeping model. Rejects when nothing was accepted. */
async function acceptBatch(deps: HandlerDeps, request: HttpRequest): Promise<AcceptedBatch> {
  const { platform, transcoder, wakeWhenAsleep } = deps;
  const options = submitOptions(request.headers);
  const body = request.body();
  const texts = splitBatch(request.headers, body);
  const [served] = await Promise.all([modelForTasks(deps, request), loadCodec()]);
  refuseWithoutInstance(served);
  const accepted = await submitBatch(platform, {
    ...options,
    requestId: request.id,
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    limits: served.model.limits,
    requestHash: createHash('sha256').update(body).digest('hex'),
    items: () => encodeItems(transcoder, served.descriptor, texts),
    quota: quotaForTasks(deps, request, served, waitPreference(request.headers).seconds),
  });
  if (accepted.refused.size < accepted.batch.total) await wakeWhenAsleep(served);
  return accepted;
}
