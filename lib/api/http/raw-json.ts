/** JSON text that is ready: a string, or where it is large its pieces in UTF-8. */
export type JsonText = string | readonly Uint8Array[];

/** JSON text in the place of a value, which is sent as it is. */
export class RawJson {
  readonly text: JsonText;

  constructor(text: JsonText) {
    this.text = text;
  }
}

/** A value as JSON; it and the members of an object may be `RawJson`. In one string unless one of them is in pieces. */
export function jsonTextOf(value: unknown): JsonText {
  if (value instanceof RawJson) return value.text;
  if (typeof value !== 'object' || value === null || !Object.values(value).some((each) => each instanceof RawJson)) {
    return JSON.stringify(value);
  }
  const pieces: (string | Uint8Array)[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    pieces.push(`${pieces.length === 0 ? '{' : ','}${JSON.stringify(name)}:`);
    const text = jsonTextOf(member instanceof RawJson ? member : new RawJson(JSON.stringify(member)));
    pieces.push(...(typeof text === 'string' ? [text] : text));
  }
  pieces.push('}');
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
}
