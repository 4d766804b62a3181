import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { CsvError, parse } from 'csv-parse/sync';
import { addUser, allowHashes, type Clock, ModelyardError, nameKeyOf, USER_ROLES, type UserStore } from '#core';
import { describe, newPassword } from './words.ts';

/** Of a hash with a margin. Half of the free memory is used at most. */
const BYTES_PER_HASH = 40 * 2 ** 20;
/** What a file may say of a user. */
const COLUMNS: readonly string[] = ['username', 'role', 'password'];
/** Rows from one line about the progress to the next. */
const ROWS_PER_REPORT = 100;

interface Row {
  /** In the file. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** A line of the output, the line of a user who was there already, or a fault. */
type Imported = { readonly added: string } | { readonly known: number } | { readonly fault: string };

export interface ImportOptions {
  /** Shows the progress and what was not added. */
  say(text: string): void;
  /** Rows that were begun are finished. */
  readonly stop: AbortSignal;
}

/**
 * Adds every user of the file that can be added, and yields their names, with the passwords that were made for them. A
 * stopped import has printed all passwords of users that it has added. Users who are there already stay as they are, so
 * a repeat goes on. Rejects at the end when some could not be added, with their lines.
 */
export async function* importUsers(
  { users, clock }: { readonly users: UserStore; readonly clock: Clock },
  file: string,
  { say, stop }: ImportOptions,
): AsyncGenerator<string> {
  const [head, ...rows] = await readRows(file);
  const columns = (head?.cells ?? []).map((column) => column.toLowerCase());
  if (!columns.includes('username')) throw new Error(`The first line of ${file} must name the column username.`);
  // A misspelled one would make users without the role or the password that they should have.
  const other = columns.find(
    (column, at) => column !== '' && !(COLUMNS.includes(column) && columns.indexOf(column) === at),
  );
  if (other !== undefined) {
    throw new Error(`${file} has the column ${other}. It may have ${COLUMNS.join(', ')}, each once. Nobody was added.`);
  }
  const seen = new Set<string>();

  async function add({ line, cells }: Row, isRepeated: boolean): Promise<Imported> {
    const cell = (column: string) => cells[columns.indexOf(column)] || undefined;
    const given = cell('password');
    const [name, password] = [cell('username') ?? '', given ?? newPassword()];
    try {
      if (cells.length > columns.length) throw new Error('There are more cells than columns.');
      if (isRepeated) throw new ModelyardError('name_taken', 'This user name is taken.');
      const role = USER_ROLES.find((each) => each === (cell('role') ?? USER_ROLES[0]));
      if (!role) throw new Error(`role: Must be one of ${USER_ROLES.join(', ')}.`);
      const known = await users.findByName(name);
      if (known?.role === role) return { known: line };
      await addUser(users, clock, { name, password, role });
      return { added: given === undefined ? `${name},${password}` : `${name},` };
    } catch (error) {
      return { fault: `Line ${line}: ${describe(error)}` };
    }
  }

  yield 'username,password\n';
  const atOnce = hashesAtOnce();
  allowHashes(atOnce);
  const startedAt = clock.now();
  const faults: string[] = [];
  const known: number[] = [];
  const pending: Promise<Imported>[] = [];
  let [count, done] = [0, 0];
  for (const row of rows) {
    if (stop.aborted) break;
    const key = nameKeyOf(row.cells[columns.indexOf('username')] ?? '');
    pending.push(add(row, seen.has(key)));
    seen.add(key);
    if (pending.length > atOnce) yield* next();
  }
  while (pending.length > 0) yield* next();
  if (known.length > 0) say(`${known.length} were there already and stay as they are: lines ${ranges(known)}.\n`);
  const rest = rows.length - done;
  if (rest > 0) faults.unshift(`Stopped before the last ${rest} rows. Import the file again to go on.`);
  if (faults.length > 0) throw new Error([`Added ${count} users.`, ...faults].join('\n'));

  async function* next(): AsyncGenerator<string> {
    const imported = await pending.shift();
    if (!imported) return;
    done += 1;
    if ('fault' in imported) faults.push(imported.fault);
    else if ('known' in imported) known.push(imported.known);
    else count += 1;
    if (done % ROWS_PER_REPORT === 0) say(progress(done, rows.length, clock.now() - startedAt));
    if ('added' in imported) yield `${imported.added}\n`;
  }
}

/** One for each core, as far as the memory goes. */
const hashesAtOnce = (): number =>
  Math.max(1, Math.min(availableParallelism(), Math.floor(process.availableMemory() / 2 / BYTES_PER_HASH)));

function progress(done: number, all: number, elapsedMs: number): string {
  const minutes = Math.ceil(((elapsedMs / done) * (all - done)) / 60_000);
  return `${done} of ${all} rows, about ${minutes} minutes left\n`;
}

/** `2-4, 7` for 2, 3, 4 and 7. Takes ascending numbers. */
function ranges(lines: readonly number[]): string {
  const found: [first: number, last: number][] = [];
  for (const line of lines) {
    const range = found.at(-1);
    if (range?.[1] === line - 1) range[1] = line;
    else found.push([line, line]);
  }
  return found.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(', ');
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/** The rows that are not empty. Rejects for another encoding, and with the line of a wrong quote. */
async function readRows(file: string): Promise<readonly Row[]> {
  const bytes = await readFile(file);
  // Otherwise, passwords would have other letters than their users know.
  if (!isUtf8(bytes)) throw new Error(`${file} is not in UTF-8. Save it in this encoding. Nobody was added.`);
  const text = bytes.toString();
  try {
    const found: readonly unknown[] = parse(text, {
      ...{ bom: true, trim: true, relax_column_count: true, info: true },
      ...{ skip_empty_lines: true, skip_records_with_empty_values: true },
    });
    return (found as readonly Parsed[]).map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Its message has the cell, which may be a password.
    const rule = 'Quotes must enclose a whole cell; those inside it are doubled.';
    throw new Error(`${file} is no CSV: line ${error.lines}. ${rule}`);
  }
}
