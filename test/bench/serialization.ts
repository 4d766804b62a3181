import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareMix } from './serialization/compare.ts';
import { plotFile } from './serialization/plot.ts';
import { conclusionOf, htmlOf, markdownOf, tableOf } from './serialization/report.ts';

/**
 * `npm run bench:serialization -- [--into <folder>]`: JSON against protobuf, for messages from all strings to all
 * numbers.
 */
const REPORTS = fileURLToPath(new URL('./reports', import.meta.url));
const NUMBER_SHARES = [0, 0.25, 0.5, 0.75, 1];

const { into } = parseArgs({ options: { into: { type: 'string', default: REPORTS } } }).values;
const rows = NUMBER_SHARES.map((share) => compareMix(share));
const files = {
  'serialization.md': markdownOf(rows),
  'serialization.svg': plotFile(rows),
  'serialization.html': htmlOf(rows),
  'serialization.json': `${JSON.stringify(rows, undefined, 2)}\n`,
};
await mkdir(into, { recursive: true });
for (const [name, content] of Object.entries(files)) await writeFile(join(into, name), content);
process.stdout.write(
  `${tableOf(rows)}\n\n${conclusionOf(rows)}\nReports: ${join(into, 'serialization')}.{md,svg,html,json}\n`,
);
