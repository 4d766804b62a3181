import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MonitorWindow } from '#core';
import { reportPage } from '#lifecycle/monitoring/report-page.ts';
import { runPage } from '#lifecycle/pipelines/run-page.ts';
import { browserMissing, launchBrowser } from '#test/support/chromium.ts';
import { examplePage } from '../../scripts/example/page.ts';

const missing = browserMissing();

describe('a page of the lifecycle on a phone', () => {
  const LONG = 'a'.repeat(120);
  const MARKUP = `<img src=x onerror=alert(1)>${LONG}`;
  const SCREEN = { width: 390, height: 844 };
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (missing === undefined) browser = await launchBrowser();
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  afterAll(() => browser?.close());

  /** As a phone shows it. */
  async function shown(content: string): Promise<Page> {
    const page = await (browser as Browser).newPage({ viewport: SCREEN, isMobile: true });
    await page.setContent(content);
    return page;
  }
  const widthOf = (page: Page) => page.evaluate('document.documentElement.scrollWidth');

  it('of a model is as wide as the screen, and shows names as text', async () => {
    const start = '2026-01-01T00:00:00.000Z';
    const finding = { statistic: 'ks', value: 0.9, threshold: 0.05, p_value: 1e-9, drifted: true };
    const window: MonitorWindow = {
      ...{ version: '1', start, end: '2026-01-01T01:00:00.000Z', state: 'closed', shadow: false, computed_at: start },
      ...{ predictions: 40, drifted: true, quality: {}, drift: [{ feature: `<b>${LONG}</b>`, ...finding }] },
      performance: { outcomes: 3, mae: 0.5, rmse: 0.6, bias: 0.1 },
    };
    const settings = { window_seconds: 3600, grace_seconds: 120, min_predictions: 30, tests: {} };
    const windows = [window, { ...window, version: '2' }];

    const page = await shown(
      reportPage({
        report: { model: MARKUP, settings, outcomes: { recorded: 3, refused: { duplicate_outcome: 2 } }, windows },
        distributions: { [`<svg onload=alert(1)>${LONG}`]: { edges: [0, 1], reference: [1], current: [1] } },
        versions: [{ version: LONG, created_at: '2026-01-01', aliases: ['champion'] }],
        alerts: [{ state: 'firing', rule: LONG, reason: LONG }],
      }),
    );

    expect(await widthOf(page)).toBe(SCREEN.width);
    expect(await page.locator('h1').textContent()).toBe(MARKUP);
    expect(await page.locator('img, script, p b b, svg svg').count()).toBe(0);
  });

  it('of a run is as wide as the screen, and shows errors as text', async () => {
    const stage = { name: LONG, uses: 'training.train', state: 'failed', duration_ms: 12, error: MARKUP };

    const page = await shown(
      runPage({
        ...{ id: '0198a000-0000-7000-8000-000000000001', pipeline: LONG, logical_date: '2026-01-01', state: 'failed' },
        ...{ progress: { ended: 1, stages: 1 }, stages: [stage] },
        log: [{ at: '2026-01-01T00:00:00.000Z', stage: 'train', text: MARKUP }],
      }),
    );

    expect(await widthOf(page)).toBe(SCREEN.width);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('of the example is as wide as the screen', async () => {
    const candidate = { name: LONG, version: '1', state: 'refused', rmse: 0.1, baseline: 0.2, reasons: [LONG] };
    const years = [1990, 1991].map((year) => ({ end: `${year}-12-31`, rate: year / 1000 }));
    const answered = [1990, 1991].map((year) => ({
      year,
      version: '1',
      predicted: 2,
      outcome: 2.1,
      request: { rate: year },
    }));

    const page = await shown(
      examplePage(
        [candidate],
        [{ country: LONG, predicted: 2, version: '1' }],
        [{ country: LONG, years }] as never,
        { url: 'http://127.0.0.1', before: answered, answered, alert: MARKUP } as never,
      ),
    );

    expect(await widthOf(page)).toBe(SCREEN.width);
    expect(await page.locator('img').count()).toBe(0);
  });
});
