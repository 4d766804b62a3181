import {
  cacheableAnswer,
  type DocumentedModel,
  etagOf,
  type HandlerDeps,
  httpHandler,
  JSON_TYPE,
  jsonOnly,
  openApiDocument,
} from '#api';
import { exampleOf, UnreadableMessageError } from '#contract';
import { type ModelSummary, unavailable } from '#core';

interface Written {
  /** The data from which the document was generated. */
  readonly source: string;
  readonly body: string;
  readonly etag: string;
}

/** `GET /openapi.json`, generated again when the active models change. */
export function createHandler(deps: HandlerDeps, { hasLifecycle = deps.platform.lifecycle !== undefined } = {}) {
  let latest: Written | undefined;

  return httpHandler(deps, async function getOpenApi(request) {
    const active = await deps.models.active();
    const isJsonOnly = request.query.flag('json_only');
    const source = `${isJsonOnly} ${sourceOf(active)}`;
    if (latest?.source !== source) {
      const document = openApiDocument(await documentedModels(deps, active), { hasLifecycle });
      const body = JSON.stringify(isJsonOnly ? jsonOnly(document) : document);
      latest = { source, body, etag: etagOf(body) };
    }
    return cacheableAnswer(request, { ...latest, contentType: JSON_TYPE });
  });
}

/** The parts of models that the document contains. */
const sourceOf = (models: readonly ModelSummary[]): string =>
  JSON.stringify(models.map(({ model, contract }) => [model.name, model.description, contract.hash]));

type Deps = Pick<HandlerDeps, 'platform' | 'logger'>;

/** The models with their contracts. Skips a model with a malformed contract. */
async function documentedModels(
  { platform, logger }: Deps,
  models: readonly ModelSummary[],
): Promise<readonly DocumentedModel[]> {
  const documented = await Promise.all(
    models.map(async ({ model, contract }): Promise<DocumentedModel> => {
      const descriptor = await platform.contracts.get(contract.hash);
      if (!descriptor) throw unavailable('registry_unavailable', 'The contract of a model cannot be read.', undefined);
      return { model, contract, descriptor };
    }),
  );
  return documented.filter(({ model, descriptor }) => {
    const fault = faultOf(descriptor);
    if (fault)
      logger.warn('A model is not documented: its contract is malformed.', { model: model.name, error: fault });
    return fault === undefined;
  });
}

function faultOf(descriptor: DocumentedModel['descriptor']): UnreadableMessageError | undefined {
  try {
    exampleOf(descriptor, 'request');
    return undefined;
  } catch (error) {
    if (error instanceof UnreadableMessageError) return error;
    throw error;
  }
}
