import type { Contract } from './contract.ts';
import { typesOf } from './descriptor/type-index.ts';
import { MalformedWireError, UnreadableMessageError } from './errors.ts';
import { checkWire } from './json/check-wire.ts';
import { type FlatNumbers, flatNumbers } from './json/flat-numbers.ts';
import { jsonToWire } from './json/json-to-wire.ts';
import { type MessagePlan, PlanIndex } from './json/message-plan.ts';
import { wireToJson } from './json/wire-to-json.ts';

/** Converts one message of a contract between canonical proto3 JSON and protobuf bytes. */
export interface MessageCodec {
  /** For example `models.model_a.ModelARequest`. */
  readonly fullName: string;
  /**
   * Encodes UTF-8 JSON. Strict; accepts camelCase and original field names. Throws `UnreadableMessageError` for
   * malformed JSON, `InvalidMessageError` with the first 100 problems, and `MessageLimitError` above `maxBytes`.
   */
  fromJson(text: Uint8Array, maxBytes?: number): Uint8Array;
  /**
   * Returns UTF-8 JSON in chunks: original field names, all fields without presence, 64-bit integers as strings, bytes
   * as base64, enums by name. Throws `UnreadableMessageError`, and `MessageLimitError` above `maxBytes`.
   */
  toJson(bytes: Uint8Array, maxBytes?: number): readonly Uint8Array[];
  /**
   * Returns the numbers in the JSON of the message: those of its fields and of their lists, in field order. A message
   * without numbers is there as a whole. `textOf` names a text field, which is returned too. Throws like `toJson`.
   */
  toNumbers(bytes: Uint8Array, textOf: string, maxBytes?: number): FlatNumbers;
  /** Throws `UnreadableMessageError` when the bytes are not this message. */
  check(bytes: Uint8Array): void;
}

export interface ContractCodec {
  readonly request: MessageCodec;
  readonly response: MessageCodec;
}

const MAX_OPEN = 200;
const open = new Map<string, ContractCodec>();

/** The codec of a contract, cached. Throws `UnreadableMessageError` for a malformed contract. */
export function openContract(contract: Contract): ContractCodec {
  const codec = open.get(contract.hash) ?? createCodec(contract);
  open.delete(contract.hash);
  open.set(contract.hash, codec);
  // A Map iterates in insertion order, so the first key was used least recently.
  const [oldest] = open.keys();
  if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
  return codec;
}

function createCodec(contract: Contract): ContractCodec {
  const types = typesOf(contract);
  try {
    const plans = new PlanIndex(types);
    return {
      request: messageCodec(plans.message(contract.requestMessage)),
      response: messageCodec(plans.message(contract.responseMessage)),
    };
  } catch (cause) {
    const names = `${contract.requestMessage} and ${contract.responseMessage}`;
    throw new UnreadableMessageError(`The descriptor set does not define ${names}.`, { cause });
  }
}

const messageCodec = (plan: MessagePlan): MessageCodec => ({
  fullName: plan.fullName,
  fromJson: (text, maxBytes = Number.POSITIVE_INFINITY) => jsonToWire(plan, text, { maxBytes }),
  toJson: (bytes, maxBytes) => jsonOf(plan, bytes, maxBytes),
  toNumbers: (bytes, textOf, maxBytes) => flatNumbers(jsonOf(plan, bytes, maxBytes), textOf),
  check(bytes) {
    try {
      checkWire(plan, bytes);
    } catch (cause) {
      throw asUnreadable(cause, `The bytes are not a ${plan.fullName}.`);
    }
  },
});

function jsonOf(plan: MessagePlan, bytes: Uint8Array, maxBytes = Number.POSITIVE_INFINITY): readonly Uint8Array[] {
  try {
    return wireToJson(plan, bytes, { maxBytes });
  } catch (cause) {
    throw asUnreadable(cause, `The bytes are not a ${plan.fullName} that can be written as JSON.`);
  }
}

const asUnreadable = (cause: unknown, message: string): unknown =>
  cause instanceof MalformedWireError ? new UnreadableMessageError(message, { cause }) : cause;
