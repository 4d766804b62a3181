import { ModelyardError } from '../errors.ts';
import { type ContractVersion, versionedName } from './contract-version.ts';
import type { Model } from './model.ts';
import type { ModelRegistry } from './model-registry.ts';

/** Maximum number of optimistic-lock retries. */
const MAX_RACES = 10;

/**
 * Makes a contract version the one that the bare name means. Rejects with `model_not_found` without version 1, which
 * keeps the choice, with `invalid_input` for a version that never registered, and with `registry_unavailable`.
 */
export async function moveDefaultVersion(
  registry: Pick<ModelRegistry, 'readModel' | 'writeModel'>,
  chosen: ContractVersion,
): Promise<Model> {
  for (let race = 0; race < MAX_RACES; race++) {
    const model = await registry.readModel(chosen.model);
    if (!model) throw new ModelyardError('model_not_found', 'There is no model of this name with contract version 1.');
    if (!(await registry.readModel(versionedName(chosen)))) {
      throw new ModelyardError('invalid_input', `The model ${chosen.model} has no such contract version.`, {
        errors: [{ pointer: '/default_version', message: 'not a contract version that has registered' }],
      });
    }
    const next = { ...model, defaultVersion: chosen.version, version: model.version + 1 };
    if (await registry.writeModel(next)) return next;
  }
  throw new ModelyardError('registry_unavailable', 'The registry kept changing.', {
    retryable: true,
    retryAfterSeconds: 1,
  });
}
