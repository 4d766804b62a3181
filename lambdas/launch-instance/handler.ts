import {
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  instancePath,
  json,
  launchVariant,
  type ProxyResult,
  presentInstance,
  presentLaunched,
} from '#api';
import { type ControlledInstance, launchInstance } from '#core';

/**
 * `POST /models/{model}/instances` launches an instance, of a variant if the body names one. `POST
 * /api/models/launch/{name}` does it by model or variant.
 */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function launch(request) {
    return request.route.startsWith('/api/') ? launchByName(deps, request) : launchByModel(deps, request);
  });

async function launchByModel(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const variant = launchVariant(request);
  const served = await deps.models.known(request.param('model'));
  const launched = await launchAndTell(deps, served, variant);
  return json(202, presentInstance({ ...launched, heartbeat: undefined }), {
    Location: instancePath(launched.model, launched.id),
  });
}

async function launchByName(deps: HandlerDeps, request: HttpRequest): Promise<ProxyResult> {
  const name = request.param('name');
  const resolved = await deps.models.resolve(name);
  return json(200, presentLaunched(name, await launchAndTell(deps, resolved, resolved.variant)));
}

async function launchAndTell(
  { platform, logger }: HandlerDeps,
  served: Parameters<typeof launchInstance>[1],
  variant: string | undefined,
): Promise<ControlledInstance> {
  const launched = await launchInstance(platform.instances, served, variant);
  logger.info('An instance was launched.', { model: launched.model, instance: launched.id });
  return launched;
}
