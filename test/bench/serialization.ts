import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compareMix } from './serialization/compare.ts';
import { conclusionOf, plotOf, tableOf } from './serialization/report.ts';

/** JSON against protobuf, over messages from all strings to all numbers: npm run bench:serialization */
const REPORTS = fileURLToPath(new URL('./reports', import.meta.url));
const NUMBER_SHARES = [0, 0.25, 0.5, 0.75, 1];

const rows = NUMBER_SHARES.map(compareMix);
const report = [
  '# JSON against protobuf',
  '',
  '100 fields a message: words of 4 to 24 letters, and doubles of full precision. Times are the median of many rounds.',
  '',
  tableOf(rows),
  '',
  '![size and time by the share of numbers](serialization.svg)',
  '',
  conclusionOf(rows),
  '',
].join('\n');
await mkdir(REPORTS, { recursive: true });
await writeFile(join(REPORTS, 'serialization.md'), report);
await writeFile(join(REPORTS, 'serialization.svg'), plotOf(rows));
await writeFile(join(REPORTS, 'serialization.json'), `${JSON.stringify(rows, undefined, 2)}\n`);
process.stdout.write(`${tableOf(rows)}\n\n${conclusionOf(rows)}\n`);
