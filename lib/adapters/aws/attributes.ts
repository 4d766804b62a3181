import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ModelyardError } from '#core';

export type Item = Record<string, AttributeValue>;

/** The item size limit of DynamoDB. */
const MAX_ITEM_BYTES = 400 * 1024;

export const S = (value: string): AttributeValue => ({ S: value });
export const N = (value: number): AttributeValue => ({ N: String(value) });
export const B = (value: Uint8Array): AttributeValue => ({ B: value });

/** Omits undefined values, which DynamoDB does not have. */
export const present = (attributes: Record<string, AttributeValue | undefined>): Item =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );

/** Applies `make` unless the value is undefined. */
export const optional = <T>(value: T | undefined, make: (value: T) => AttributeValue): AttributeValue | undefined =>
  value === undefined ? undefined : make(value);

/** Returns the row of a response. Throws if it has another key, so that no caller receives the row of another one. */
export function rowOf<I extends Item | undefined>(key: Item, item: I): I {
  if (item === undefined || Object.entries(key).every(([name, value]) => item[name]?.S === value.S)) return item;
  throw new ModelyardError('internal', 'DynamoDB returned another row than requested.');
}

/** Throws if the row does not have this string. */
export function readString(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw corrupt(name);
  return value;
}

/** Throws if the row does not have this number. */
export function readNumber(item: Item, name: string): number {
  const value = item[name]?.N;
  if (value === undefined) throw corrupt(name);
  return Number(value);
}

export const readOptionalNumber = (item: Item, name: string): number | undefined =>
  item[name]?.N === undefined ? undefined : Number(item[name].N);

/** Throws `body_too_large` for a row above the limit. The estimated size is never too low. */
export function assertFits(item: Item): void {
  if (sizeOf({ M: item }) > MAX_ITEM_BYTES) {
    throw new ModelyardError('body_too_large', 'The task is too large to be stored.');
  }
}

function sizeOf(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.M === undefined) return 21;
  return Object.entries(value.M).reduce((sum, [name, inner]) => sum + Buffer.byteLength(name) + 1 + sizeOf(inner), 3);
}

const corrupt = (name: string) => new ModelyardError('internal', `A stored row has no ${name}.`);
