import {
  aTime,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  type ProxyResult,
  presentContainers,
  presentInstance,
} from '#api';
import { type LogLine, listInstances, ModelyardError, readLogs } from '#core';

const MAX_LINES = 1000;
const DEFAULT_LINES = 100;

/**
 * `GET /models/{model}/logs`, `GET /models/{model}/instances[/{id}]` and `GET /api/models/instances/{name}`: instances
 * of the platform and instances that registered from elsewhere.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listInstancesOfModel(request) {
    if (request.route.endsWith('/logs')) return listLogs(deps, request);
    return request.route.startsWith('/api/') ? listByName(deps, request) : listByModel(deps, request);
  });

async function listByModel({ platform, models }: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const served = await models.started(request.param('model'));
  const instances = (await listInstances(platform.instances, served)).map(presentInstance);
  const id = request.param('id');
  if (id === '') return json(200, { instances });
  const instance = instances.find((candidate) => candidate.id === id);
  if (instance) return json(200, instance);
  throw new ModelyardError('instance_not_found', `The model ${served.model.name} has no such instance.`);
}

async function listByName({ platform, models }: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const name = request.param('name');
  const resolved = await models.resolve(name);
  const instances = await listInstances(platform.instances, resolved);
  const wanted = instances.filter(({ variant }) => resolved.variant === undefined || variant === resolved.variant);
  return json(200, presentContainers(name, wanted));
}

async function listLogs({ platform, models }: HandlerDeps, { param, query }: HttpRequest): Promise<ProxyResult> {
  const { model } = await models.started(param('model'));
  const instance = query.one('instance');
  const task = query.one('task');
  const from = query.matching('from', aTime);
  const lines = await readLogs(platform.instances, model.name, {
    limit: query.integer('limit', { min: 1, max: MAX_LINES }) ?? DEFAULT_LINES,
    ...(instance === undefined ? {} : { instance }),
    ...(task === undefined ? {} : { task }),
    ...(from === undefined ? {} : { from: Date.parse(from) }),
  });
  return json(200, { lines: lines.map(presentLine) });
}

const presentLine = ({ at, instance, level, message, fields }: LogLine) => ({
  at: new Date(at).toISOString(),
  instance,
  level,
  message,
  fields,
});
