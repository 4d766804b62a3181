import {
  type HandlerDeps,
  httpHandler,
  json,
  presentAvailable,
  presentModel,
  presentServices,
  presentUnstarted,
} from '#api';

/** `GET /models`, also with `?all=true`, `GET /api/models/available` and `GET /api/predict/services`. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listModels({ query, route }) {
    if (route === '/api/models/available') return json(200, presentAvailable(await deps.models.active()));
    if (route === '/api/predict/services') return json(200, presentServices(await deps.models.active()));
    const all = query.flag('all');
    const [models, unstarted] = await Promise.all([
      all ? deps.models.all() : deps.models.active(),
      deps.models.unstarted(),
    ]);
    return json(200, { models: [...models.map(presentModel), ...unstarted.map(presentUnstarted)] });
  });
