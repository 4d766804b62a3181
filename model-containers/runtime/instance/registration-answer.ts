import { contractOf, loadContract } from '#contract';
import type { Contract, Instance } from '#core';
import { Registration } from '#proto/modelyard/v1/registration.ts';

type Told = Pick<
  Instance,
  'id' | 'model' | 'variant' | 'slots' | 'endpoint' | 'image' | 'runtimeVersion' | 'startedAt'
>;

/** What an instance told the registry, as `modelyard.v1.Registration`. */
export const writeRegistration = (instance: Told, contract: Contract): Uint8Array =>
  Registration.encode({
    instance_id: instance.id,
    model: instance.model,
    variant: instance.variant ?? '',
    contract: {
      hash: contract.hash,
      request_message: contract.requestMessage,
      response_message: contract.responseMessage,
      descriptor_set: contract.descriptorSet,
    },
    slots: instance.slots,
    endpoint: instance.endpoint,
    image: instance.image,
    runtime_version: instance.runtimeVersion,
    started_unix_ms: BigInt(instance.startedAt),
  });

/** The same as canonical proto3 JSON. */
export async function registrationToJson(bytes: Uint8Array): Promise<unknown> {
  const { response } = await loadContract(contractOf(Registration, Registration));
  return JSON.parse(Buffer.concat(response.toJson(bytes)).toString());
}
