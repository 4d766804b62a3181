import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { submit } from '#test/support/api-client.ts';
import { launchBrowser } from '#test/support/chromium.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { listManyTasks, MANY, toLastTask } from '#test/support/many-tasks.ts';

/**
 * Size and first paint of the web console, and the slowest frame while it scrolls through 10,000 tasks, on an embedded
 * system of this machine: npm run bench:console
 */
const ROUNDS = 5;
/** Tasks that end while the list is shown. */
const UPDATES = 20;
/** Scrolls from the end to the start in 5 s of frames at 60 a second. Resolves with the times between frames. */
const SCROLL = `(async () => {
  const table = document.querySelector('.scroller');
  const step = table.scrollHeight / 300;
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  while (table.scrollTop > 0) {
    table.scrollTop -= step;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
})()`;
const DIST = fileURLToPath(new URL('../../console/dist', import.meta.url));

await using system = await EmbeddedSystem.start();
const browser = await launchBrowser();
const paints: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  // A new context has an empty cache.
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${system.url}/`);
  await page.locator('h2').first().waitFor();
  paints.push(Number(await page.evaluate(`performance.getEntriesByName('first-contentful-paint')[0].startTime`)));
  await context.close();
}
const page = await browser.newPage();
await listManyTasks(page);
await page.goto(`${system.url}/#/tasks`);
const loading = await longestTask(() => toLastTask(page));
let frames: number[] = [];
const scrolling = await longestTask(async () => {
  frames = ((await page.evaluate(SCROLL)) as number[]).toSorted((a, b) => a - b);
});
const live = await longestTask(async () => {
  for (let at = 0; at < UPDATES; at += 1) {
    const { id } = await submit(system, 'model_a', { data: 'x' }, { Prefer: 'wait=20' });
    await page.locator(`a[href="#/tasks/${id}"]`).waitFor();
  }
});
await browser.close();
const compressed = readdirSync(DIST)
  .filter((name) => !name.endsWith('.txt'))
  .reduce((sum, name) => sum + brotliCompressSync(readFileSync(join(DIST, name))).byteLength, 0);
const sorted = paints.toSorted((a, b) => a - b);
process.stdout.write(`bundle, compressed   ${(compressed / 1000).toFixed(1)} KB\n`);
process.stdout.write(`first paint          ${sorted.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
process.stdout.write(
  `longest task, CPU    ${loading} ms while it loads, ${scrolling} ms while it scrolls, ${live} ms in live updates\n`,
);
process.stdout.write(
  `${MANY} tasks          ${frames.length} frames, median ${Math.round(frames[frames.length >> 1] ?? 0)} ms, slowest ${Math.round(frames.at(-1) ?? 0)} ms\n`,
);

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** CPU time in µs. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

function threadOf({ pid, tid }: TraceEvent): string {
  return `${pid} ${tid}`;
}

/** CPU time of the longest task of the page's main thread while `work` runs. A busy machine changes it little. */
async function longestTask(work: () => Promise<unknown>): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel'] });
  await work();
  const { traceEvents: events } = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const pages = new Set(
    events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain').map(threadOf),
  );
  const tasks = events.filter((event) => event.name === 'ThreadControllerImpl::RunTask' && pages.has(threadOf(event)));
  return Math.round(tasks.reduce((longest, { tdur = 0 }) => Math.max(longest, tdur), 0) / 1000);
}
