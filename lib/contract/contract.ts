import { createHash } from 'node:crypto';
import { decodeBytes, encodeWire, toPlain } from './codec/to-plain.ts';
import { toWire } from './codec/to-wire.ts';
import { buildRoot } from './descriptor/build-root.ts';
import { decodeFile, joinSet, splitSet } from './descriptor/raw.ts';
import type { protobuf } from './protobuf.ts';

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

/** A generated message type: one constant per message of `proto/gen`. */
export interface MessageType<T, Init = Partial<T>> {
  /** For example `models.model_a.ModelARequest`. */
  readonly fullName: string;
  /** The serialized FileDescriptorSet that defines it, with imports. */
  readonly descriptorSet: Uint8Array;
  /**
   * Missing fields get their default. Enums are numbers or names. Throws a TypeError for a value that does not fit its
   * field.
   */
  encode(message: Init): Uint8Array;
  /** Throws `UnreadableMessageError`. */
  decode(bytes: Uint8Array): T;
}

/** The descriptor set of a generated file, decoded at first use. */
export interface EmbeddedFile {
  readonly descriptorSet: Uint8Array;
  readonly root: protobuf.Root;
}

/** For generated files: a base64 descriptor set. Decoded lazily, because imports must be fast. */
export function embeddedFile(base64: string): EmbeddedFile {
  let descriptorSet: Uint8Array | undefined;
  let root: protobuf.Root | undefined;
  return {
    get descriptorSet() {
      descriptorSet ??= new Uint8Array(Buffer.from(base64, 'base64'));
      return descriptorSet;
    },
    get root() {
      root ??= buildRoot(this.descriptorSet);
      return root;
    },
  };
}

/** For generated files: one message of an embedded file. */
export function messageType<T, Init = Partial<T>>(file: EmbeddedFile, fullName: string): MessageType<T, Init> {
  let found: protobuf.Type | undefined;
  const type = (): protobuf.Type => {
    found ??= file.root.lookupType(`.${fullName}`);
    return found;
  };
  return {
    fullName,
    get descriptorSet() {
      return file.descriptorSet;
    },
    encode(message) {
      return encodeWire(type(), toWire(type(), message, fullName));
    },
    decode(bytes) {
      return toPlain(type(), decodeBytes(type(), bytes)) as T;
    },
  };
}
