import { cacheableAnswer, etagOf, type HandlerDeps, httpHandler, JSON_TYPE, openApiDocument } from '#api';
import type { ModelSummary } from '#core';
import { documentedModels } from './documented-models.ts';

interface Written {
  /** The data from which the document was generated. */
  readonly source: string;
  readonly body: string;
  readonly etag: string;
}

/** `GET /openapi.json`, generated again when the active models change. */
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

/** The parts of models that the document contains. */
const sourceOf = (models: readonly ModelSummary[]): string =>
  JSON.stringify(models.map(({ model, contract }) => [model.name, model.description, contract.hash]));
