import { ModelyardError } from '#core';

/** The most columns of a dataset. */
export const MAX_COLUMNS = 1_000;
/** Versions have columns of these names besides those of the file. */
const RESERVED = ['_line', '_file', '__proto__'];
/** Begins the names of columns that exist only while a file is read. */
const INTERNAL = '\u0001';

/** One clause that says why these names cannot be the columns of a dataset. Undefined: they can. */
export function columnsFault(names: readonly string[]): string | undefined {
  if (names.length > MAX_COLUMNS) return `there are ${names.length} columns, and at most ${MAX_COLUMNS} are read`;
  const known = new Set<string>();
  for (const name of names) {
    // SQL takes names that differ in case only for the same.
    const folded = name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (name === '') return 'a column has no name';
    if (name.startsWith(INTERNAL) || name.includes('\0')) return 'the name of a column has a control character';
    if (RESERVED.includes(folded)) return `the name ${name} is reserved`;
    if (known.has(folded)) return `there are two columns ${name}; upper and lower case are the same`;
    known.add(folded);
  }
  return undefined;
}

/** Throws `invalid_input` unless a file may have these columns. */
export function requireColumnNames(names: readonly string[]): void {
  const fault = columnsFault(names);
  if (fault !== undefined)
    throw new ModelyardError('invalid_input', `The columns of the file cannot be used: ${fault}.`);
}
