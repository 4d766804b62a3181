import { type Contract, contractHash, loadContract, UnreadableMessageError } from '#contract';
import { ModelyardError } from '../errors.ts';
import type { FieldFault } from '../field-rules.ts';
import { contractFault } from '../models/model.ts';
import { registeredManifestFault } from '../models/model-manifest.ts';
import { announcementFault } from './instance.ts';
import type { Registration } from './register-instance.ts';

/** Rejects a malformed registration with `invalid_request`, naming the field. */
export async function assertWellFormed(registration: Registration): Promise<void> {
  const { instance, manifest, contract } = registration;
  const fault =
    announcementFault(instance) ??
    registeredManifestFault(manifest) ??
    variantFault(registration) ??
    contractFault(contract) ??
    (await descriptorFault(contract));
  if (fault) throw malformed(fault);
}

function variantFault({ instance, manifest }: Registration): FieldFault | undefined {
  const { variant } = instance;
  if (variant === undefined || manifest.variants.includes(variant)) return undefined;
  return { path: 'instance.variant', must: 'one of the variants of the manifest' };
}

async function descriptorFault(contract: Contract): Promise<FieldFault | undefined> {
  if (contract.hash !== contractHash(contract)) return { path: 'contract.hash', must: 'the hash of the contract' };
  try {
    await loadContract(contract);
    return undefined;
  } catch (error) {
    if (!(error instanceof UnreadableMessageError)) throw error;
    const names = `${contract.requestMessage} and ${contract.responseMessage}`;
    const why = error.cause instanceof Error ? ` (${error.cause.message.replace(/\.$/, '')})` : '';
    return { path: 'contract.descriptorSet', must: `a FileDescriptorSet that defines ${names}${why}` };
  }
}

const malformed = ({ path, must }: FieldFault): ModelyardError =>
  new ModelyardError('invalid_request', `The registration is malformed: ${path} must be ${must}.`, {
    errors: [{ pointer: `/${path.replaceAll('.', '/')}`, message: `must be ${must}` }],
  });
