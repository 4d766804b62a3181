import type { Json } from './references.ts';

/** A property for each member of the type: a member without a description does not compile. */
export type Properties<T> = Readonly<Record<keyof T, Json>>;

/** A text, with what it is. */
export const text = (description: string): Json => ({ type: 'string', description });
/** A whole number from 0. */
export const count = (description: string): Json => ({ type: 'integer', minimum: 0, description });
/** A value of this type, or null. */
export const nullable = (type: string, description: string): Json => ({ type: [type, 'null'], description });
/** An RFC 3339 time. */
export const moment = (description: string): Json => ({ type: 'string', format: 'date-time', description });
/** An RFC 3339 time, or null. */
export const nullableMoment = (description: string): Json => ({
  type: ['string', 'null'],
  format: 'date-time',
  description,
});
/** True or false. */
export const truth = (description: string): Json => ({ type: 'boolean', description });
/** A list of such things. */
export const list = (items: Json, description?: string): Json => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});

/** An object that always has what is not named in `optional`. */
export const object = (description: string, properties: Json, optional: readonly string[] = []): Json => ({
  type: 'object',
  description,
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
