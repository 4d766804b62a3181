import { readFile } from 'node:fs/promises';
import { parse } from 'csv-parse/sync';
import { addUser, type Clock, ModelyardError, nameKeyOf, USER_ROLES, type UserStore } from '#core';
import { describe, newPassword, toRole } from './words.ts';

/** Passwords that are hashed at once. */
const AT_ONCE = 4;

interface Row {
  /** In the file. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A line of the output, or a fault. */
type Imported = { readonly added: string } | { readonly fault: string };

/**
 * Adds every user of the file that can be added, and yields their names, with the passwords that were made for them. A
 * stopped import has printed all passwords of users that it has added. Rejects at the end when some could not be, with
 * their lines.
 */
export async function* importUsers(
  { users, clock }: { readonly users: UserStore; readonly clock: Clock },
  file: string,
): AsyncGenerator<string> {
  const [head, ...rows] = await readRows(file);
  const columns = (head?.cells ?? []).map((column) => column.toLowerCase());
  if (!columns.includes('username')) throw new Error(`The first line of ${file} must name the column username.`);
  const seen = new Set<string>();

  async function add({ line, cells }: Row, isRepeated: boolean): Promise<Imported> {
    const cell = (column: string) => cells[columns.indexOf(column)] || undefined;
    const given = cell('password');
    const [name, password] = [cell('username') ?? '', given ?? newPassword()];
    try {
      if (cells.length > columns.length) throw new Error('There are more cells than columns.');
      if (isRepeated) throw new ModelyardError('name_taken', 'This user name is taken.');
      await addUser(users, clock, { name, password, role: toRole(cell('role') ?? USER_ROLES[0]) });
      return { added: given === undefined ? `${name},${password}` : `${name},` };
    } catch (error) {
      return { fault: `Line ${line}: ${describe(error)}` };
    }
  }

  yield 'username,password\n';
  const faults: string[] = [];
  const pending: Promise<Imported>[] = [];
  let count = 0;
  for (const row of rows) {
    const key = nameKeyOf(row.cells[columns.indexOf('username')] ?? '');
    pending.push(add(row, seen.has(key)));
    seen.add(key);
    if (pending.length >= AT_ONCE) yield* next();
  }
  while (pending.length > 0) yield* next();
  if (faults.length > 0) throw new Error([`Added ${count} users.`, ...faults].join('\n'));

  async function* next(): AsyncGenerator<string> {
    const imported = await pending.shift();
    if (imported && 'fault' in imported) faults.push(imported.fault);
    if (!imported || !('added' in imported)) return;
    count += 1;
    yield `${imported.added}\n`;
  }
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The rows that are not empty. Rejects with the line of a quote that does not end. */
async function readRows(file: string): Promise<readonly Row[]> {
  const found: readonly unknown[] = parse(await readFile(file, 'utf8'), {
    ...{ bom: true, trim: true, relax_column_count: true, info: true },
    ...{ skip_empty_lines: true, skip_records_with_empty_values: true },
  });
  return (found as readonly Parsed[]).map(({ record, info }) => ({ line: info.lines, cells: record }));
}
