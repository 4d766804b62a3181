import { createModelListing, type HandlerDeps, httpHandler, json, presentAvailable, presentServices } from '#api';
import { ModelyardError, readsAsOperator } from '#core';

/** `GET /models`, also with `?all=true`, `GET /api/models/available` and `GET /api/predict/services`. */
export function createHandler(deps: HandlerDeps) {
  const listed = createModelListing(deps);
  return httpHandler(deps, async function listModels({ caller, query, route }) {
    if (route === '/api/models/available') return json(200, presentAvailable(await deps.models.active()));
    if (route === '/api/predict/services') return json(200, presentServices(await deps.models.active()));
    const deadLetters = query.flag('dead_letters');
    if (deadLetters && !readsAsOperator(caller)) {
      throw new ModelyardError('forbidden', 'Only operators see how many tasks were given up.');
    }
    return json(200, { models: await listed({ all: query.flag('all'), deadLetters }) });
  });
}
