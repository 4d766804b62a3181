import { type HandlerDeps, httpHandler, json } from '#api';

/** `GET /healthz`: this answers. `GET /readyz`: queue, store and registry can be reached too; 503 while one cannot. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function health({ route }) {
      if (route !== '/readyz') return json(200, { status: 'ok' });
      await Promise.all([deps.platform.check?.(), deps.models.active()]);
      return json(200, { status: 'ready' });
    },
    // Probes ask for whatever they like and read the status alone.
    { produces: '*' },
  );
