import { LENGTH_DELIMITED, VARINT } from '../json/wire-types.ts';
import { Reader } from '../wire.ts';

/** The parts of one field that a reader loses. Fields that it reads completely have no entry. */
export interface FieldLoss {
  /** The field itself is lost: `always`, only `at-default` (an explicit default), or `unless-default`. */
  readonly field?: 'always' | 'at-default' | 'unless-default';
  /** Values of the enum that the reader does not know. */
  readonly values?: ReadonlySet<number>;
  /** Whether the values may be packed. Otherwise, bytes with a length are an unknown field. */
  readonly isPackable?: boolean;
  /** Losses inside the message or map entry. */
  readonly inside?: MessageLosses;
}

/** By field number. */
export type MessageLosses = Map<number, FieldLoss>;

/** Removes entries without any loss inside, so that a scan of bytes skips them. Supports recursive types. */
export function pruneLosses(messages: readonly MessageLosses[]): void {
  const lossy = new Set<MessageLosses>();
  const isLossy = ({ field, values, inside }: FieldLoss): boolean =>
    field !== undefined || values !== undefined || (inside !== undefined && lossy.has(inside));
  for (let before = -1; before < lossy.size; ) {
    before = lossy.size;
    for (const message of messages) if ([...message.values()].some(isLossy)) lossy.add(message);
  }
  for (const message of messages) {
    for (const [number, loss] of message) if (!isLossy(loss)) message.delete(number);
  }
}

/**
 * Whether an encoded message contains anything that the reader loses. Not recursive, so deep nesting needs no stack.
 * Throws the errors of the protobufjs reader for malformed bytes.
 */
export function hasLoss(bytes: Uint8Array, root: MessageLosses): boolean {
  const reader = Reader.create(bytes);
  const messages = [{ losses: root, start: 0, end: bytes.length }];
  for (let message = messages.pop(); message; message = messages.pop()) {
    reader.pos = message.start;
    while (reader.pos < message.end) {
      const tag = reader.uint32();
      const loss = message.losses.get(tag >>> 3);
      const start = reader.pos;
      reader.skipType(tag & 7);
      if (loss === undefined) continue;
      const value = bytes.subarray(start, reader.pos);
      if (isLost(value, tag & 7, loss)) return true;
      if (loss.inside && (tag & 7) === LENGTH_DELIMITED) {
        messages.push({ losses: loss.inside, start: start + prefixLength(value), end: reader.pos });
      }
    }
  }
  return false;
}

function isLost(value: Uint8Array, wireType: number, { field, values, isPackable = false }: FieldLoss): boolean {
  if (field === 'always') return true;
  if (field !== undefined && isDefault(value, wireType) === (field === 'at-default')) return true;
  if (!values || (wireType !== VARINT && !(isPackable && wireType === LENGTH_DELIMITED))) return false;
  return enumValues(value, wireType).some((number) => values.has(number));
}

/** Zero or an empty text. The highest bit of a varint byte is not part of the value. */
function isDefault(value: Uint8Array, wireType: number): boolean {
  const bits = wireType === VARINT || wireType === LENGTH_DELIMITED ? 0x7f : 0xff;
  return value.every((byte) => (byte & bits) === 0);
}

/** One value, or all values of a packed field. */
function enumValues(value: Uint8Array, wireType: number): readonly number[] {
  const reader = Reader.create(value);
  if (wireType === LENGTH_DELIMITED) reader.uint32();
  const numbers: number[] = [];
  while (reader.pos < reader.len) numbers.push(reader.int32());
  return numbers;
}

const prefixLength = (value: Uint8Array): number => value.findIndex((byte) => (byte & 0x80) === 0) + 1;
