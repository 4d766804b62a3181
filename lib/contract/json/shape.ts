/** What protobuf decoders everywhere accept. The entries of maps count as messages, as they do on the wire. */
export const MAX_DEPTH = 100;

export const TOO_DEEP = `Must not be nested more than ${MAX_DEPTH} messages deep.`;

/** Whether it is a JSON object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A JSON value in words, without repeating it. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'undefined' ? 'nothing' : `a ${typeof value}`;
}
