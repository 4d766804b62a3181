import { type HandlerDeps, httpHandler, json, presentModel } from '#api';

/** `GET /models`: the models that an instance is serving; with `?all=true` those asleep too. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listModels({ query }) {
    const all = query.word('all', ['true', 'false']) === 'true';
    const models = await (all ? deps.models.all() : deps.models.active());
    return json(200, { models: models.map(presentModel) });
  });
