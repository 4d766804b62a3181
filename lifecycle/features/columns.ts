import { ModelyardError } from '#core';

/** Throws `invalid_input` for a wanted column that is not there. */
export function requireColumns(columns: readonly string[], wanted: readonly string[]): void {
  const missing = wanted.find((column) => !columns.includes(column));
  if (missing === undefined) return;
  throw new ModelyardError('invalid_input', `The data has no column ${missing}. It has ${columns.join(', ')}.`);
}
