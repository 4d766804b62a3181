import { decodeBytes, encodeWire } from './codec/bytes.ts';
import type { Contract } from './contract.ts';
import { buildRoot } from './descriptor/build-root.ts';
import { InvalidMessageError, UnreadableMessageError } from './errors.ts';
import { checkMessage } from './json/check-message.ts';
import { Problems } from './json/problems.ts';
import { writeMessage } from './json/write-message.ts';
import { protobuf, protojson } from './protobuf.ts';

/** One message of a contract, between its two forms: canonical proto3 JSON and protobuf bytes. */
export interface MessageCodec {
  /** For example `models.model_a.ModelARequest`. */
  readonly fullName: string;
  /** Strict; takes camelCase and original field names. Throws `InvalidMessageError` with everything that is wrong. */
  fromJson(value: unknown): Uint8Array;
  /**
   * Original field names, fields without presence always there, 64-bit integers as strings, bytes as base64,
   * enums by name. Throws `UnreadableMessageError`.
   */
  toJson(bytes: Uint8Array): unknown;
  /** Throws `UnreadableMessageError` when the bytes are not this message. */
  check(bytes: Uint8Array): void;
}

export interface ContractCodec {
  readonly request: MessageCodec;
  readonly response: MessageCodec;
}

const MAX_OPEN = 200;
const open = new Map<string, ContractCodec>();

/** The codec of a contract, kept for the next caller. Throws `UnreadableMessageError` for a contract that is malformed. */
export function openContract(contract: Contract): ContractCodec {
  const codec = open.get(contract.hash) ?? createCodec(contract);
  open.delete(contract.hash);
  open.set(contract.hash, codec);
  // The order of a Map is that of insertion: the first one was used least recently.
  const [oldest] = open.keys();
  if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
  return codec;
}

function createCodec({ descriptorSet, requestMessage, responseMessage }: Contract): ContractCodec {
  try {
    const root = buildRoot(descriptorSet);
    return {
      request: messageCodec(findType(root, requestMessage)),
      response: messageCodec(findType(root, responseMessage)),
    };
  } catch (cause) {
    const names = `${requestMessage} and ${responseMessage}`;
    throw new UnreadableMessageError(`The descriptor set does not define ${names}.`, { cause });
  }
}

function findType(root: protobuf.Root, fullName: string): protobuf.Type {
  const found = root.lookup(`.${fullName}`);
  if (found instanceof protobuf.Type && found.fullName === `.${fullName}`) return found;
  throw new TypeError(`There is no message ${fullName}.`);
}

const messageCodec = (type: protobuf.Type): MessageCodec => ({
  fullName: type.fullName.slice(1),
  fromJson(value) {
    const problems = new Problems();
    checkMessage(type, value, problems, 0);
    if (problems.errors.length > 0) throw new InvalidMessageError(this.fullName, problems.errors);
    return convert(type, value);
  },
  toJson(bytes) {
    const message = decodeBytes(type, bytes);
    try {
      return writeMessage(type, message);
    } catch (cause) {
      throw new UnreadableMessageError(`The ${this.fullName} cannot be written as JSON.`, { cause });
    }
  },
  check(bytes) {
    decodeBytes(type, bytes);
  },
});

function convert(type: protobuf.Type, value: unknown): Uint8Array {
  try {
    return encodeWire(type, protojson.fromJson(type, value) as unknown as Record<string, unknown>);
  } catch (cause) {
    // Only what the check does not know of can get here, such as the required fields of proto2.
    const message = `Cannot be encoded: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new InvalidMessageError(type.fullName.slice(1), [{ pointer: '', message }]);
  }
}
