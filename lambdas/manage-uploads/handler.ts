import { randomUUID } from 'node:crypto';
import {
  announcedUpload,
  followTask,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  modelForTasks,
  orAccepted,
  type ProxyResult,
  quotaForTasks,
  readUploadId,
  refuseWithoutInstance,
  submitOptions,
  submittedAnswer,
  type Upload,
  uploadId,
  waitPreference,
} from '#api';
import { keyedTaskId, ModelyardError, type ServedModel, submitTask, uploadKey } from '#core';

/**
 * `POST /models/{model}/uploads` answers with an address for a request that is too large for one call.
 * `POST /models/{model}/uploads/{id}/tasks` submits what was uploaded there. The id of the upload is the idempotency
 * key of the task, so nothing is stored in between, and nobody else can submit it.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function manageUploads(request) {
    return request.param('id') === '' ? openUpload(deps, request) : submitUpload(deps, request);
  });

async function openUpload(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const { idempotencyKey: key = randomUUID() } = submitOptions(request.headers);
  const upload: Upload = { ...announcedUpload(request), key };
  const served = await modelForTasks(deps, request);
  const address = await deps.platform.transfers.addressToPut(keyOf(request, served, upload), upload);
  const id = uploadId(upload);
  const submit = `/models/${encodeURIComponent(request.param('model'))}/uploads/${id}/tasks`;
  const { method, url, headers, expiresAt } = address;
  return json(201, { id, method, url, headers, expires_at: new Date(expiresAt).toISOString(), links: { submit } });
}

async function submitUpload(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const { platform, wakeWhenAsleep } = deps;
  const upload = readUploadId(request.param('id'));
  const { idempotencyKey = upload.key, ...options } = submitOptions(request.headers);
  if (idempotencyKey !== upload.key) {
    throw new ModelyardError('invalid_request', 'The Idempotency-Key belongs to the upload: send it there.');
  }
  const wait = waitPreference(request.headers);
  const served = await modelForTasks(deps, request);
  refuseWithoutInstance(served);
  const key = keyOf(request, served, upload);
  const size = await platform.transfers.sizeOf(key);
  if (size !== upload.size) {
    throw new ModelyardError('resource_not_found', 'There is no such upload, or its bytes have not arrived.');
  }
  const task = await submitTask(platform, {
    ...options,
    requestId: request.id,
    idempotencyKey,
    owner: request.caller.id,
    model: served.model.name,
    contract: served.contract,
    request: new Uint8Array(),
    uploaded: { payload: { kind: 'blob', key, size }, hash: upload.sha256 },
    limits: served.model.limits,
    quota: quotaForTasks(deps, request, served, wait.seconds),
  });
  await wakeWhenAsleep(served);
  const isWaiting = (wait.seconds ?? 0) > 0;
  const latest = isWaiting ? await followTask(deps, request, { id: task.id, wait }).catch(orAccepted(task)) : task;
  return submittedAnswer(deps, latest, { ...wait, waitedSeconds: wait.seconds ?? 0 });
}

const keyOf = ({ caller }: HttpRequest, { model }: ServedModel, { key, sha256, isJson }: Upload): string =>
  uploadKey(keyedTaskId(caller.id, model.name, key), sha256, isJson);
