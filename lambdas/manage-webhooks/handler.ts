import {
  aText,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  json,
  jsonFields,
  NEVER_STORED,
  optional,
  type ProxyResult,
  presentDelivery,
  presentSecret,
  taskIdOf,
} from '#api';
import { getTask } from '#core';
import { readWebhook, redeliverWebhook, rotateWebhookSecret, webhookSecrets } from '#core/webhooks';

/** The deliveries of a task below `/tasks/{id}`, and the secret of a user below `/users/me/webhook-secret`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function manageWebhooks(request) {
    const { platform } = deps;
    if (request.route.startsWith('/users/')) {
      const change = request.method === 'POST' ? rotateWebhookSecret : webhookSecrets;
      const secrets = await change(platform, request.caller.id);
      return json(200, presentSecret(secrets, platform.clock.now()), NEVER_STORED);
    }
    // Whether the task is the caller's.
    const { id } = await getTask(deps.waits, { id: taskIdOf(request), owner: request.caller.id });
    return request.method === 'POST' ? redeliver(deps, request, id) : list(deps, id);
  });

async function list({ platform }: HandlerDeps, taskId: string): Promise<ProxyResult> {
  const read = await readWebhook(platform, taskId);
  const { deliveries = [], url = '' } = read?.record ?? {};
  return json(200, {
    task_id: taskId,
    webhook: read ? { url, events: read.record.events ?? null } : null,
    deliveries: deliveries.map((delivery) => presentDelivery(delivery, url)),
  });
}

/** The body may name a delivery by its id. */
async function redeliver({ platform }: HandlerDeps, request: HttpRequest, taskId: string): Promise<ProxyResult> {
  const fields = jsonFields(request, { what: 'a valid redelivery', rules: { id: optional(aText) } });
  const delivery = await redeliverWebhook(platform, taskId, fields.id as string | undefined);
  const read = await readWebhook(platform, taskId);
  return json(202, presentDelivery(delivery, read?.record.url ?? ''));
}
