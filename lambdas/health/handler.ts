import { type HandlerDeps, httpHandler, json } from '#api';

/** `GET /healthz`: the process answers. `GET /readyz`: queue, store and registry answer, otherwise 503. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function health({ route }) {
      if (route !== '/readyz') return json(200, { status: 'ok' });
      await Promise.all([deps.platform.check?.(), deps.models.active()]);
      return json(200, { status: 'ready' });
    },
    // Probes send various Accept headers.
    { produces: '*' },
  );
