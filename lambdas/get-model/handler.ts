import { type HandlerDeps, httpHandler, json, presentLimits, presentModel } from '#api';
import { jsonSchemaOf } from '#contract';

/** `GET /models/{model}`: a model with its limits and JSON Schemas, asleep or not. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function getModel(request) {
    const served = await deps.models.served(request.param('model'));
    const listed = (await deps.models.all()).find(({ model }) => model.name === served.model.name);
    return json(200, {
      ...presentModel({ ...served, depth: listed?.depth }),
      description: served.model.description,
      variants: served.model.variants,
      limits: presentLimits(served.model.limits),
      schemas: {
        request: jsonSchemaOf(served.descriptor, 'request'),
        response: jsonSchemaOf(served.descriptor, 'response'),
      },
    });
  });
