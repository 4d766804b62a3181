import { type HandlerDeps, httpHandler, json } from '#api';
import { unavailable } from '#core';

/** `GET /healthz`: the process answers. `GET /readyz`: queue, store and registry answer, otherwise 503. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function health({ route }) {
      if (route !== '/readyz') return json(200, { status: 'ok' });
      const [models] = await Promise.all([deps.models.all(), deps.platform.check?.()]);
      // One queue may be missing. None that answers means that no task can be accepted.
      if (models.length > 0 && models.every(({ depth }) => depth === undefined)) {
        throw unavailable('queue_unavailable', 'The queues cannot be reached.', undefined);
      }
      return json(200, { status: 'ready' });
    },
    // Probes send various Accept headers.
    { produces: '*' },
  );
