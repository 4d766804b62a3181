import {
  batchPath,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  isTaskId,
  JSON_TYPE,
  json,
  NDJSON_TYPE,
  negotiate,
  type ProxyResult,
  presentBatch,
  presentOutcome,
} from '#api';
import { countBatch, getBatch, MAX_BATCH_ITEMS, ModelyardError, readItems } from '#core';

/** The lines of one answer come to about this size: a Lambda may answer 6 MB. One line may have more. */
const MAX_PAGE_BYTES = 4 * 2 ** 20;
const RETRY_AFTER_SECONDS = 2;

/** `GET /batches/{id}`: counts per state. `GET /batches/{id}/results`: one line per item, in order, with its result. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function readBatch(request) {
      const isResults = request.route.endsWith('/results');
      negotiate(request.headers.list('accept'), [isResults ? NDJSON_TYPE : JSON_TYPE]);
      const id = request.param('id');
      if (!isTaskId(id)) throw new ModelyardError('batch_not_found', 'There is no such batch.');
      const batch = await getBatch(deps.platform, { id, owner: request.caller.id });
      if (isResults) return results(deps, request, batch);
      const body = presentBatch(batch, await countBatch(deps.platform, batch));
      return json(200, body, body.completed ? {} : { 'Retry-After': String(RETRY_AFTER_SECONDS) });
    },
    { produces: '*' },
  );

async function results(
  deps: HandlerDeps,
  { query, signal }: HttpRequest,
  batch: Awaited<ReturnType<typeof getBatch>>,
): Promise<ProxyResult> {
  const from = query.integer('from', { min: 0, max: MAX_BATCH_ITEMS }) ?? 0;
  const limit = query.integer('limit', { min: 1, max: MAX_BATCH_ITEMS }) ?? MAX_BATCH_ITEMS;
  const lines: Uint8Array[] = [];
  let bytes = 0;
  let next: number | undefined;
  for await (const outcome of readItems({ ...deps.waits, blobs: deps.platform.blobs }, batch, from)) {
    if (lines.length === limit || signal.aborted) {
      next = outcome.index;
      break;
    }
    const line = Buffer.concat([await presentOutcome(deps, batch.id, outcome), NEW_LINE]);
    if (lines.length > 0 && bytes + line.byteLength > MAX_PAGE_BYTES) {
      next = outcome.index;
      break;
    }
    lines.push(line);
    bytes += line.byteLength;
  }
  const link = `<${batchPath(batch.id)}/results?from=${next}>; rel="next"`;
  return {
    statusCode: 200,
    headers: { 'Content-Type': NDJSON_TYPE, ...(next === undefined ? {} : { Link: link }) },
    body: Buffer.concat(lines).toString(),
  };
}

const NEW_LINE = Buffer.from('\n');
