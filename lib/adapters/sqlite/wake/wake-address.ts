import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Addresses of Unix domain sockets end here on macOS; Linux takes a few more. */
const MAX_ADDRESS_BYTES = 103;

/**
 * Where the processes of a data folder meet: a Unix domain socket in the folder, or in the folder for temporary files
 * when its path is too long for that; a named pipe on Windows. Throws when somebody else owns that folder.
 */
export function wakeAddress(folder: string): string {
  const name = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\modelyard-${name}`;
  const inside = join(folder, 'wake.sock');
  if (Buffer.byteLength(inside) <= MAX_ADDRESS_BYTES) return inside;
  const outside = join(tmpdir(), `modelyard-${name}`);
  mkdirSync(outside, { recursive: true, mode: 0o700 });
  if (lstatSync(outside).uid !== process.getuid?.()) throw new Error(`Another user owns ${outside}.`);
  return join(outside, 'wake.sock');
}
