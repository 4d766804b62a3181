import { ModelyardError } from '#core';
import { isTensorType, tensorTypeOf } from '#runtime/backends/tensor-fields.ts';
import type { ContractDraft } from './draft.ts';
import { contractOfCog, contractOfPath, type OpenApiDocument } from './openapi-draft.ts';
import { type NamedTensor, tensorFields, tensorMapping } from './tensor-draft.ts';

interface ServedContract {
  readonly contract: ContractDraft;
  /** Fields of the manifest that map tensors. */
  readonly tensors?: object;
}

interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** How long the server may take for its description, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Reads the contract of a running server: from its OpenAPI document, or from the metadata of its tensors. Rejects with
 * one sentence when it has none.
 */
export async function servedContract(protocol: string, url: string, model: string): Promise<ServedContract> {
  if (protocol === 'json') return { contract: contractOfPath(await openApiOf(url), '/predict', model) };
  if (protocol === 'cog') return { contract: contractOfCog(await openApiOf(url), model) };
  if (protocol === 'kserve') return kserveContract(await read(new URL(`/v2/models/${model}`, url)), url);
  throw refused(`A server of the protocol ${protocol} does not describe its messages. Leave --from out.`);
}

const openApiOf = async (url: string) => (await read(new URL('/openapi.json', url))) as OpenApiDocument;

function kserveContract(metadata: object, url: string): ServedContract {
  const { inputs = [], outputs = [] } = metadata as Record<'inputs' | 'outputs', readonly TensorMetadata[] | undefined>;
  if (inputs.length === 0 || outputs.length === 0) throw refused(`The server at ${url} does not describe its tensors.`);
  const request = tensorFields(inputs.map(tensorOf), true);
  const response = tensorFields(outputs.map(tensorOf), true);
  return { contract: { request, response }, ...tensorMapping(request, response) };
}

function tensorOf({ name, datatype, shape }: TensorMetadata): NamedTensor {
  if (!isTensorType(datatype)) throw refused(`The tensor ${name} has the type ${datatype}, which no field can hold.`);
  return { name, type: tensorTypeOf(datatype), axes: shape };
}

async function read(url: URL): Promise<object> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((cause) => {
    throw refused(`Nothing answers at ${url}: ${cause instanceof Error ? cause.message : String(cause)}.`);
  });
  if (!response.ok) throw refused(`${url} answers ${response.status}, so the contract cannot be read from it.`);
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body === 'object' && body !== null) return body;
  throw refused(`${url} does not answer with JSON.`);
}

const refused = (message: string): ModelyardError => new ModelyardError('invalid_request', message);
