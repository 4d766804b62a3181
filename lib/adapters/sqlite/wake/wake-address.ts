import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Maximum length of a socket address on macOS. Linux allows a few bytes more. */
const MAX_ADDRESS_BYTES = 103;

/**
 * The socket of a data folder: a Unix domain socket in the folder, or in the temporary folder if the path is too long; a
 * named pipe on Windows. Throws if another user owns the temporary folder.
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
