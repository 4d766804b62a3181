import type { Json } from './message-schemas.ts';

/** A property per member of the type. A member without a description does not compile. */
export type Properties<T> = Readonly<Record<keyof T, Json>>;

export const text = (description: string): Json => ({ type: 'string', description });
/** A whole number of at least 0. */
export const count = (description: string): Json => ({ type: 'integer', minimum: 0, description });
export const nullable = (type: string, description: string): Json => ({ type: [type, 'null'], description });
/** An RFC 3339 time. */
export const moment = (description: string): Json => ({ type: 'string', format: 'date-time', description });
export const nullableMoment = (description: string): Json => ({
  type: ['string', 'null'],
  format: 'date-time',
  description,
});
export const truth = (description: string): Json => ({ type: 'boolean', description });
export const list = (items: Json, description?: string): Json => ({
  type: 'array',
  items,
  ...(description === undefined ? {} : { description }),
});

/** All properties are required except those in `optional`. */
export const object = (description: string, properties: Json, optional: readonly string[] = []): Json => ({
  type: 'object',
  description,
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
