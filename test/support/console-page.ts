import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

const PICTURES = fileURLToPath(new URL('../../docs/images', import.meta.url));

export interface ConsolePage extends AsyncDisposable {
  readonly page: Page;
  /** Errors of scripts, blocked resources and requests to other servers. */
  readonly faults: string[];
  /** Shows another page of the console. */
  show(route: string): Promise<void>;
  /** Rule and element of each violation that axe finds. */
  violations(): Promise<string[]>;
}

/** Opens the console at `url`, with nothing stored from before. */
export async function openConsole(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<ConsolePage> {
  // Scripts of tests are not the console's: its policy would refuse axe.
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, bypassCSP: false, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (line) => {
    if (/Content Security Policy|Warning:/i.test(line.text())) faults.push(line.text());
  });
  page.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !address.startsWith('data:')) faults.push(`asked for ${address}`);
  });
  await page.goto(`${url}/`);
  await page.locator('h1').waitFor();
  return {
    page,
    faults,
    async show(route) {
      await page.goto(`${url}/#${route}`);
      await page.locator('h1').waitFor();
    },
    violations: () => violationsOf(page),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Rule and element of each violation that axe finds on a page. */
export async function violationsOf(page: Page): Promise<string[]> {
  // As the browser's own debugger does, past the policy.
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: axe.source });
  const { result, exceptionDetails } = await client.send('Runtime.evaluate', {
    expression: RUN_AXE,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
  return result.value as string[];
}

const RUN_AXE = `axe.run().then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => id + ': ' + html + ' ' + failureSummary)))`;

/** Keeps a picture in the documentation when the environment has PICTURES=1. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  if (process.env.PICTURES !== '1') return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: `${PICTURES}/console-${name}.png` });
}
