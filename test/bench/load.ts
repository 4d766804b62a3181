import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLoadOptions } from './load/options.ts';
import { htmlOf } from './load/page.ts';
import { runLoad } from './load/run.ts';
import { summarize, textOf } from './load/summary.ts';

/** npm run load -- --url http://localhost:8000 --model model_a --rate 200 --seconds 30 */
const parsed = parseLoadOptions(process.argv.slice(2));
if ('message' in parsed) {
  process.stderr.write(`${parsed.message}\n`);
  process.exit(2);
}
const samples = await runLoad(parsed, (line) => process.stderr.write(`${line}\n`));
const summary = summarize(parsed, samples);
await mkdir(parsed.into, { recursive: true });
await writeFile(join(parsed.into, 'load.json'), `${JSON.stringify({ summary, samples }, undefined, 1)}\n`);
await writeFile(join(parsed.into, 'load.html'), htmlOf(summary, samples));
process.stdout.write(`${textOf(summary)}\nReports: ${join(parsed.into, 'load.json')}, load.html\n`);
process.exit(summary.succeeded > 0 ? 0 : 1);
