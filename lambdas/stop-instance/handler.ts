import { type HandlerDeps, type HttpRequest, httpHandler, json, type ProxyResult, presentShutdown } from '#api';
import { ModelyardError, stopInstance } from '#core';

/**
 * `DELETE /models/{model}/instances/{id}` and `DELETE /api/models/instances/{name}` drain and stop an instance.
 * Idempotent.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function stop(request) {
    return request.route.startsWith('/api/') ? stopById(deps, request) : stopOfModel(deps, request);
  });

async function stopOfModel({ platform, models, logger }: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const id = request.param('id');
  const served = await models.started(request.param('model'));
  await stopInstance(platform.instances, served, id);
  logger.info('Stopping an instance.', { model: served.model.name, instance: id });
  return json(202, { id, model: served.model.name, state: 'draining' });
}

async function stopById({ platform, models, logger }: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const id = request.param('name');
  const summaries = await models.registered();
  // The instance's model; any model for an instance that has not registered or has gone.
  const owners = summaries.filter(({ live }) => live.some((instance) => instance.id === id));
  for (const summary of [...owners, ...summaries]) {
    try {
      await stopInstance(platform.instances, summary, id);
      logger.info('Stopping an instance.', { model: summary.model.name, instance: id });
      return json(200, presentShutdown(id));
    } catch (error) {
      if (!(error instanceof ModelyardError && error.code === 'instance_not_found')) throw error;
    }
  }
  throw new ModelyardError('instance_not_found', 'There is no such instance.');
}
