import { type HandlerDeps, httpHandler, json } from '#api';

/** `GET /healthz`: this answers. `GET /readyz`: the registry can be read too; 503 while it cannot. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(
    deps,
    async function health({ route }) {
      if (route !== '/readyz') return json(200, { status: 'ok' });
      await deps.models.active();
      return json(200, { status: 'ready' });
    },
    // Probes ask for whatever they like and read the status alone.
    { produces: '*' },
  );
