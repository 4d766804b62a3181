import {
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  originOf,
  type ProxyResult,
  presentDeadLetter,
  presentHistory,
  presentRequest,
  redriveIds,
  taskIdOf,
  wakeModelOf,
} from '#api';
import { countingQuota, getDeadLetter, MAX_REDRIVEN, type ResolvedModel, redriveDeadLetters } from '#core';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** `/models/{model}/dead-letters`: lists tasks that were given up, shows one with its request, and sends them again. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function manageDeadLetters(request) {
    if (request.route.endsWith('/redrive')) return redrive(deps, request);
    const { model } = await deps.models.known(request.param('model'));
    return request.param('id') === '' ? list(deps, request, model.name) : inspect(deps, request, model.name);
  });

async function list({ platform }: HandlerDeps, { query }: HttpRequest, model: string): Promise<ProxyResult> {
  const cursor = query.one('cursor');
  const limit = query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT;
  const asked = { model, limit, ...(cursor === undefined ? {} : { cursor }) };
  const page = await platform.tasks.listDeadLetters(asked);
  return json(200, { dead_letters: page.tasks.map(presentDeadLetter), next_cursor: page.nextCursor ?? null });
}

async function inspect(deps: HandlerDeps, request: HttpRequest, model: string): Promise<ProxyResult> {
  const task = await getDeadLetter(deps.platform, { model, id: taskIdOf(request) });
  const { events } = presentHistory(task);
  return json(200, { ...presentDeadLetter(task), request: await presentRequest(deps, task), history: events });
}

async function redrive(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const { platform, models, logger, auth, quotaOf } = deps;
  const ids = redriveIds(request, MAX_REDRIVEN);
  const served: ResolvedModel = await models.known(request.param('model'));
  const model = served.model.name;
  const by = request.caller.id;
  const { redriven, refused } = await redriveDeadLetters(platform, {
    ...{ model, by, origin: originOf(request) },
    ...(ids ? { ids } : {}),
    // The local user has no limits.
    ...(auth !== 'none' && quotaOf
      ? { quotaOf: (owner) => countingQuota((of) => quotaOf(of, async () => undefined), owner) }
      : {}),
  });
  logger.info('Dead letters were redriven.', { model, by, redriven: redriven.length, refused: refused.length });
  if (redriven.length > 0) await wakeModelOf(deps, { model });
  return json(202, {
    redriven,
    refused: refused.map(({ id, error: { code, message } }) => ({ id, error: { code, message } })),
  });
}
