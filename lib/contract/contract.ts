import { createHash } from 'node:crypto';
import { decodeFile, joinSet, splitSet } from './descriptor/raw.ts';
import type { MessageType } from './message-type.ts';

/** The messages of a model. Immutable: the hash identifies its content. */
export interface Contract {
  /** SHA-256 (hex) over both message names and the descriptor set. */
  readonly hash: string;
  /** Full names, for example `models.model_a.ModelARequest`. */
  readonly requestMessage: string;
  readonly responseMessage: string;
  /** A serialized `google.protobuf.FileDescriptorSet`, with imports. */
  readonly descriptorSet: Uint8Array;
}

/** The contract of two generated messages, possibly of different files. */
export function contractOf(request: MessageType<unknown>, response: MessageType<unknown>): Contract {
  const descriptorSet = merge(request.descriptorSet, response.descriptorSet);
  const names = { requestMessage: request.fullName, responseMessage: response.fullName };
  return { hash: contractHash({ ...names, descriptorSet }), ...names, descriptorSet };
}

/**
 * SHA-256 (hex) of the contract's other fields. Comments are included, because the documentation is generated from
 * them; positions in the file are not. `compareContracts` decides about compatibility.
 */
export const contractHash = ({ requestMessage, responseMessage, descriptorSet }: Omit<Contract, 'hash'>): string =>
  createHash('sha256').update(`${requestMessage}\0${responseMessage}\0`).update(descriptorSet).digest('hex');

function merge(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (Buffer.compare(first, second) === 0) return first;
  const files = new Map<string, Uint8Array>();
  for (const file of [...splitSet(first), ...splitSet(second)]) {
    const path = decodeFile(file).name ?? '';
    files.set(path, files.get(path) ?? file);
  }
  return joinSet([...files.values()]);
}
