import { cacheableAnswer, etagOf, type HandlerDeps, httpHandler, JSON_TYPE, openApiDocument } from '#api';
import type { ModelSummary } from '#core';
import { documentedModels } from './documented-models.ts';

interface Written {
  /** What it was made from. */
  readonly source: string;
  readonly body: string;
  readonly etag: string;
}

/** `GET /openapi.json`: the API with the models that are active, written anew when those have changed. */
export function createHandler(deps: HandlerDeps) {
  let latest: Written | undefined;

  return httpHandler(deps, async function getOpenApi(request) {
    const active = await deps.models.active();
    const source = sourceOf(active);
    if (latest?.source !== source) {
      const body = JSON.stringify(openApiDocument(await documentedModels(deps, active)));
      latest = { source, body, etag: etagOf(body) };
    }
    return cacheableAnswer(request, { ...latest, contentType: JSON_TYPE });
  });
}

/** Everything of the models that the document shows. */
const sourceOf = (models: readonly ModelSummary[]): string =>
  JSON.stringify(models.map(({ model, contract }) => [model.name, model.description, contract.hash]));
