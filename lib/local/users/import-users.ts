import { readFile } from 'node:fs/promises';
import { addUser, type Clock, USER_ROLES, type UserStore } from '#core';
import { describe, newPassword, toRole } from './words.ts';

/** Adds every user of the file that can be added. Rejects when some cannot be, with their lines. */
export async function importUsers(
  { users, clock }: { readonly users: UserStore; readonly clock: Clock },
  file: string,
): Promise<string> {
  const [head = '', ...lines] = (await readFile(file, 'utf8')).split(/\r?\n/).filter((line) => line.trim() !== '');
  const columns = head
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((column) => column.trim().toLowerCase());
  if (!columns.includes('username')) throw new Error(`The first line of ${file} must name the column username.`);
  const added: string[] = [];
  const faults: string[] = [];
  for (const [at, line] of lines.entries()) {
    const cells = line.split(',').map((cell) => cell.trim());
    const cell = (column: string) => cells[columns.indexOf(column)] || undefined;
    const given = cell('password');
    const [name, password] = [cell('username') ?? '', given ?? newPassword()];
    try {
      if (cells.length > columns.length) throw new Error('There are more cells than columns.');
      await addUser(users, clock, { name, password, role: toRole(cell('role') ?? USER_ROLES[0]) });
      added.push(given === undefined ? `${name},${password}` : `${name},`);
    } catch (error) {
      faults.push(`Line ${at + 2}: ${describe(error)}`);
    }
  }
  if (faults.length > 0) throw new Error([`Added ${added.length} users.`, ...added, ...faults].join('\n'));
  return ['username,password', ...added, ''].join('\n');
}
