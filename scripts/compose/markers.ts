/** Two comments in `compose.yaml` between which a script writes. */
export interface Markers {
  /** For error messages. */
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

/** Replaces the text between the comments. Throws when one of them is missing or repeated. */
export function between(text: string, { what, from, to }: Markers, written: string): string {
  const [before, rest, ...more] = text.split(from);
  const [old, after, ...others] = rest?.split(to) ?? [];
  if (before === undefined || old === undefined || after === undefined || more.length + others.length > 0) {
    throw new Error(`compose.yaml must contain each of the two marker comments of ${what} once.`);
  }
  return `${before}${from}${written}${to}${after}`;
}
