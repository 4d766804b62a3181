import { createHash } from 'node:crypto';
import type { Contract } from './contract.ts';
import { decodeFile, joinSet, splitSet } from './descriptor/raw.ts';
import type { MessageType } from './message-type.ts';

/** The contract of two generated message types, which may come from different files. */
export function contractOf(request: MessageType<unknown>, response: MessageType<unknown>): Contract {
  const descriptorSet = merge(request.descriptorSet, response.descriptorSet);
  const names = { requestMessage: request.fullName, responseMessage: response.fullName };
  return { hash: contractHash({ ...names, descriptorSet }), ...names, descriptorSet };
}

/**
 * SHA-256 (hex) of everything else in the contract. Comments count: what is stored under a hash never changes,
 * and the documentation is made from it. (Where a declaration stands in its file was left out when the
 * descriptor was generated.) Whether two contracts understand each other is for `compareContracts` to say.
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
