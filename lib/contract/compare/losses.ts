/** What of one field a reader loses; a field that it reads completely has no entry. */
export interface FieldLoss {
  /** The field itself is lost: `always`, only `at-default` (an explicit default), or `unless-default`. */
  readonly field?: 'always' | 'at-default' | 'unless-default';
  /** Values of the enum that the reader does not know. */
  readonly values?: ReadonlySet<number>;
  /** What is lost inside the message, or inside the entry of a map. */
  readonly inside?: MessageLosses;
}

/** By field number. */
export type MessageLosses = Map<number, FieldLoss>;

/** Removes entries below which nothing can be lost, so that a scan of bytes skips them. Cycles are fine. */
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
