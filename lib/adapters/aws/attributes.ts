import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ModelyardError } from '#core';

/** A row as DynamoDB takes and gives it. */
export type Item = Record<string, AttributeValue>;

/** DynamoDB refuses rows above this. */
const MAX_ITEM_BYTES = 400 * 1024;

export const S = (value: string): AttributeValue => ({ S: value });
export const N = (value: number): AttributeValue => ({ N: String(value) });
export const B = (value: Uint8Array): AttributeValue => ({ B: value });

/** The attributes that have a value: DynamoDB has no undefined. */
export const present = (attributes: Record<string, AttributeValue | undefined>): Item =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );

/** `make` of the value, unless there is none. */
export const optional = <T>(value: T | undefined, make: (value: T) => AttributeValue): AttributeValue | undefined =>
  value === undefined ? undefined : make(value);

/** The row that a response has for a key. Throws when it has another key, so that nobody gets somebody else's row. */
export function rowOf<I extends Item | undefined>(key: Item, item: I): I {
  if (item === undefined || Object.entries(key).every(([name, value]) => item[name]?.S === value.S)) return item;
  throw new ModelyardError('internal', 'DynamoDB answered with another row than it was asked for.');
}

/** A string that the row must have; a row without it was not written here. */
export function readString(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw corrupt(name);
  return value;
}

/** A number that the row must have. */
export function readNumber(item: Item, name: string): number {
  const value = item[name]?.N;
  if (value === undefined) throw corrupt(name);
  return Number(value);
}

export const readOptionalNumber = (item: Item, name: string): number | undefined =>
  item[name]?.N === undefined ? undefined : Number(item[name].N);

/** Throws `body_too_large` for a row that DynamoDB would refuse; the estimate is never too low. */
export function assertFits(item: Item): void {
  if (sizeOf({ M: item }) > MAX_ITEM_BYTES) {
    throw new ModelyardError('body_too_large', 'This is too large to be kept with the task.');
  }
}

function sizeOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.M === undefined) return 21;
  return Object.entries(value.M).reduce((sum, [name, inner]) => sum + Buffer.byteLength(name) + 1 + sizeOf(inner), 3);
}

const corrupt = (name: string) => new ModelyardError('internal', `A stored row has no ${name}.`);
