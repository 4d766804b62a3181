import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { launchBrowser } from '#test/support/chromium.ts';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';

/** Size and first paint of the web console, on an embedded system of this machine: npm run bench:console */
const ROUNDS = 5;
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
await browser.close();
const compressed = readdirSync(DIST)
  .filter((name) => !name.endsWith('.txt'))
  .reduce((sum, name) => sum + brotliCompressSync(readFileSync(join(DIST, name))).byteLength, 0);
const sorted = paints.toSorted((a, b) => a - b);
process.stdout.write(`bundle, compressed   ${(compressed / 1000).toFixed(1)} KB\n`);
process.stdout.write(`first paint          ${sorted.map((ms) => `${Math.round(ms)} ms`).join(', ')}\n`);
