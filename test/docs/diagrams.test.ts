import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { browserMissing, launchBrowser } from '#test/support/chromium.ts';
import { blocks, pages } from './pages.ts';

/** The whole library in one script, as GitHub's own pages load it. */
const MERMAID = fileURLToPath(new URL('../../node_modules/mermaid/dist/mermaid.min.js', import.meta.url));

const DIAGRAMS = pages().flatMap(({ path, text }) => blocks(text, 'mermaid').map((diagram) => ({ path, diagram })));

const missing = browserMissing();

describe('a diagram', () => {
  let browser: Browser | undefined;
  let page: Page;
  beforeAll(async () => {
    if (missing !== undefined) return;
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.addScriptTag({ path: MERMAID });
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  afterAll(() => browser?.close());

  /** The drawing. Rejects with the line at fault. */
  const draw = (diagram: string): Promise<string> =>
    page.evaluate(async (text) => {
      const { mermaid } = globalThis as unknown as {
        readonly mermaid: { render(id: string, text: string): Promise<{ readonly svg: string }> };
      };
      return (await mermaid.render('diagram', text)).svg;
    }, diagram);

  it.each(DIAGRAMS)('of $path can be drawn', async ({ diagram }) => {
    expect(await draw(diagram)).toMatch(/^<svg/);
  });

  it('with a mistake is refused', async () => {
    await expect(draw('flowchart LR\n  a[Client --> b')).rejects.toThrow('Parse error');
  });
});
