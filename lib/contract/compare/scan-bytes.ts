import { Reader } from '../wire.ts';
import type { FieldLoss, MessageLosses } from './losses.ts';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/**
 * Whether these bytes of a message have anything that is lost. Skips fields without an entry, and takes no
 * stack for nested messages. Throws a RangeError or an Error of protobufjs for bytes that are no message.
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

function isLost(value: Uint8Array, wireType: number, { field, values }: FieldLoss): boolean {
  if (field === 'always') return true;
  if (field !== undefined && isDefault(value, wireType) === (field === 'at-default')) return true;
  return values !== undefined && enumValues(value, wireType).some((number) => values.has(number));
}

/** Of a number, all bits zero; of a text, the length zero. Varints and lengths have a continuation bit in each byte. */
function isDefault(value: Uint8Array, wireType: number): boolean {
  const bits = wireType === VARINT || wireType === LENGTH_DELIMITED ? 0x7f : 0xff;
  return value.every((byte) => (byte & bits) === 0);
}

/** One, or those of a packed field. */
function enumValues(value: Uint8Array, wireType: number): readonly number[] {
  if (wireType !== VARINT && wireType !== LENGTH_DELIMITED) return [];
  const reader = Reader.create(value);
  if (wireType === LENGTH_DELIMITED) reader.uint32();
  const numbers: number[] = [];
  while (reader.pos < reader.len) numbers.push(reader.int32());
  return numbers;
}

const prefixLength = (value: Uint8Array): number => value.findIndex((byte) => (byte & 0x80) === 0) + 1;
