import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { freshenConsole } from '../lib/bundling/fresh-console.ts';

// Builds the web console and prints the size of its files: npm run console
await freshenConsole();
const folder = fileURLToPath(new URL('../console/dist', import.meta.url));
const sizes = readdirSync(folder)
  .filter((name) => name !== 'stamp.txt')
  .map((name) => {
    const bytes = readFileSync(join(folder, name));
    return { name, bytes: bytes.byteLength, compressed: brotliCompressSync(bytes).byteLength };
  });
const row = (name: string, bytes: number, compressed: number) =>
  `${name.padEnd(28)} ${(bytes / 1000).toFixed(1).padStart(8)} KB ${(compressed / 1000).toFixed(1).padStart(8)} KB`;
const sum = (key: 'bytes' | 'compressed') => sizes.reduce((total, size) => total + size[key], 0);
const lines = [
  ...sizes.map(({ name, bytes, compressed }) => row(name, bytes, compressed)),
  row('all', sum('bytes'), sum('compressed')),
];
process.stdout.write(`file                               plain   compressed\n${lines.join('\n')}\n`);
