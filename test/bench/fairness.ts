import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startPlatform } from '../torture/open-platforms.ts';
import { figureOf, pageOf } from './charts/page.ts';
import { sharingPlots } from './fairness/plot.ts';
import { share } from './fairness/share.ts';

/**
 * One owner queues 10,000 tasks of 50 ms, another one submits a task each second:
 * npm run bench:fairness -- [--platforms sqlite,rabbit-redis] [--tasks 10000] [--slots 4] [--report fairness.html]
 */
const { values } = parseArgs({
  options: {
    platforms: { type: 'string', default: 'sqlite,rabbit-redis' },
    tasks: { type: 'string', default: '10000' },
    slots: { type: 'string', default: '4' },
    report: { type: 'string' },
  },
});
const SERVICE_MS = 50;
/** B's p95 may take two service times and this. */
const ALLOWANCE_MS = 100;
const MAX_LOSS = 0.05;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

await using cleanup = new AsyncDisposableStack();
const figures: string[] = [];
for (const name of values.platforms.split(',')) {
  const open = await startPlatform(name, { model: 'model_b', cleanup });
  const [platform, close] = await open();
  const options = { platform, backlog: Number(values.tasks), serviceMs: SERVICE_MS, slots: Number(values.slots) };
  const sharing = await share(options);
  await close();
  const sorted = sharing.single.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
  const quantile = (part: number): number => sorted[Math.ceil(sorted.length * part) - 1] ?? 0;
  const loss = 1 - sharing.shared / sharing.alone;
  const text = `${name}: the other owner's p50 ${quantile(0.5).toFixed(0)} ms, p95 ${quantile(0.95).toFixed(0)} ms (${sorted.length} tasks); the backlog ran at ${sharing.alone.toFixed(1)}/s alone and ${sharing.shared.toFixed(1)}/s shared (${(-100 * loss).toFixed(1)} %)`;
  process.stdout.write(`${text}\n`);
  figures.push(...sharingPlots(name, sharing).map((plot) => figureOf(plot, text)));
  // Without a full period of each kind, the loss is not a number, and nothing is shown.
  const isFair = quantile(0.95) <= 2 * SERVICE_MS + ALLOWANCE_MS && loss < MAX_LOSS;
  if (!isFair) process.exitCode = 1;
}
if (values.report !== undefined) await writeFile(values.report, pageOf('Fairness', figures));
