import type { DocumentedModel, HandlerDeps } from '#api';
import { exampleOf, UnreadableMessageError } from '#contract';
import { type ModelSummary, unavailable } from '#core';

type Deps = Pick<HandlerDeps, 'platform' | 'logger'>;

/** The models with their contracts. Skips a model with a malformed contract. */
export async function documentedModels(
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
