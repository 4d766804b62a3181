import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserMissing, launchBrowser } from '#test/support/chromium.ts';
import { htmlOf } from '../load/page.ts';
import { syntheticRun, syntheticSamples } from '../load/synthetic-run.ts';
import { compareMix } from '../serialization/compare.ts';
import { conclusionOf, htmlOf as serializationPage } from '../serialization/report.ts';

const missing = browserMissing();

let browser: Browser | undefined;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'modelyard-report-'));
  if (missing === undefined) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true });
});

/** The page in a browser, and all errors, warnings and requests. */
async function open(html: string, colorScheme: 'light' | 'dark' = 'light'): Promise<{ page: Page; faults: string[] }> {
  if (!browser) throw new Error('The browser has not been started.');
  const path = join(folder, 'report.html');
  await writeFile(path, html);
  const page = await browser.newPage({ colorScheme });
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => faults.push(line.text()));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(path).href && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await page.goto(pathToFileURL(path).href);
  return { page, faults };
}

const figure = (page: Page, name: string): Promise<string | null> =>
  page
    .locator('.figures div', { has: page.getByText(name, { exact: true }) })
    .locator('dd')
    .textContent();

/** Texts that exceed their drawing. */
async function outsideOfDrawings(page: Page): Promise<readonly string[]> {
  const texts = await page.locator('svg text').all();
  const found = await Promise.all(
    texts.map(async (text) => {
      const [inner, outer] = [
        await text.boundingBox(),
        await text.locator('xpath=ancestor::*[name()="svg"]').boundingBox(),
      ];
      const isInside = inner && outer && inner.x >= outer.x - 1 && inner.x + inner.width <= outer.x + outer.width + 1;
      return isInside ? [] : [String(await text.textContent())];
    }),
  );
  return found.flat();
}

/** Edge of the squares that points are merged in. */
const SQUARE = 3;

const bytesOf = (html: string): number => Buffer.byteLength(html);

describe('the page of a load test, in a browser,', () => {
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });

  it.each(['light', 'dark'] as const)(
    'shows the figures, a plot with its units and the errors, in %s',
    async (scheme) => {
      const refused = { what: '503 <b>queue</b>', status: 503, detail: 'The queue cannot be reached.' };
      const { summary, samples } = syntheticRun(
        syntheticSamples(100, 100, {
          tookMs: (index) => index + 1,
          what: (index) => (index < 90 ? 'succeeded' : refused.what),
        }),
        { firsts: [refused] },
      );

      const { page, faults } = await open(htmlOf(summary, samples), scheme);

      expect(
        await Promise.all(['p50', 'p90', 'p99', 'max', 'succeeded', 'throughput'].map((name) => figure(page, name))),
      ).toEqual(['45.0 ms', '81.0 ms', '90.0 ms', '90.0 ms', '90 %', '9 / s']);
      const plot = page.getByRole('img', { name: 'Latency of each task' });
      expect(await plot.locator('text').allTextContents()).toEqual(
        expect.arrayContaining([
          'when it was due: seconds after the start',
          'milliseconds until its result',
          '10',
          '100',
        ]),
      );
      expect(await plot.locator('path.dots').count()).toBeGreaterThan(2);
      expect(await plot.locator('polyline').count()).toBe(3);
      expect(await page.locator('tbody td').allTextContents()).toEqual(['10', refused.what, refused.detail]);
      expect(await outsideOfDrawings(page)).toEqual([]);
      const colours = await page.evaluate(
        '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector("h1")).color]',
      );
      expect(colours).toEqual(
        scheme === 'light' ? ['rgb(255, 255, 255)', 'rgb(31, 41, 51)'] : ['rgb(18, 22, 27)', 'rgb(230, 234, 239)'],
      );
      expect(faults).toEqual([]);
    },
  );

  it.each([
    ['nothing', syntheticRun([], { wasStopped: true, unfinished: 3 }), '–'],
    ['one sample', syntheticRun(syntheticSamples(1, 0, { tookMs: () => 12.34 }), { rate: 1, seconds: 1 }), '12.3 ms'],
    [
      'errors alone',
      syntheticRun(syntheticSamples(9, 9, { tookMs: () => 0.01, what: () => 'connection refused' })),
      '–',
    ],
    [
      'none that was sent',
      syntheticRun(syntheticSamples(9, 9, { tookMs: () => undefined, what: () => 'not sent' })),
      '–',
    ],
  ])('stands with %s', async (_, { summary, samples }, p50) => {
    const { page, faults } = await open(htmlOf(summary, samples));

    expect(await figure(page, 'p50')).toBe(p50);
    expect(await page.content()).not.toMatch(/NaN|Infinity|undefined/);
    expect(await outsideOfDrawings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('stays small with 100,000 samples wherever they fall, and shows the only slow one', async () => {
    const { summary, samples } = syntheticRun(
      syntheticSamples(100_000, 1, { tookMs: (index) => (index === 500 ? 60_000 : 10 ** ((index * 0.618_034) % 4)) }),
      { rate: 1000, seconds: 100 },
    );

    const html = htmlOf(summary, samples);

    const { page, faults } = await open(html);
    expect(bytesOf(html)).toBeLessThan(600_000);
    expect(await figure(page, 'max')).toBe('60,000 ms');
    const tick = Number(await page.locator('svg text', { hasText: /^10,000$/ }).getAttribute('y'));
    const dots = (await page.locator('path.dots').all()).map((path) => path.getAttribute('d'));
    const heights = [...(await Promise.all(dots)).join('').matchAll(/M\d+ (\d+)h0/g)].map(([, y]) => Number(y));
    expect(heights.filter((height) => height < tick - SQUARE)).toHaveLength(1);
    expect(faults).toEqual([]);
  });
});

describe('the page of the serialization experiment, in a browser,', () => {
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });

  it('shows table, plot and what they mean', async () => {
    const rows = [0, 0.5, 1].map((share) => compareMix(share, { rounds: 3, perRound: 5 }));

    const { page, faults } = await open(serializationPage(rows));

    expect(await page.locator('tbody tr').count()).toBe(3);
    expect(await page.locator('svg polyline').count()).toBe(6);
    expect(await page.locator('svg text').allTextContents()).toEqual(
      expect.arrayContaining(['bytes a message', 'µs a message', 'fields that are numbers, in %']),
    );
    expect(await page.locator('p').first().textContent()).toBe(conclusionOf(rows));
    expect(await outsideOfDrawings(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});
