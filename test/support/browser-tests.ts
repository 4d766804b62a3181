import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { EmbeddedSystem } from '#test/support/embedded-system.ts';
import { browserMissing, launchBrowser } from './chromium.ts';
import { type ConsolePage, openConsole } from './console-page.ts';

/** A system and a browser that live as long as the tests of one file. */
export interface BrowserTests {
  readonly system: EmbeddedSystem;
  readonly browser: Browser;
  /** Opens the console of the system, or of another URL. */
  open(options?: BrowserContextOptions & { readonly url?: string }): Promise<ConsolePage>;
}

/** Call at the top of a test file. Its tests are skipped where there is no browser. */
export function useBrowser(start: () => Promise<EmbeddedSystem> = () => EmbeddedSystem.start()): BrowserTests {
  const missing = browserMissing();
  let system: EmbeddedSystem;
  let browser: Browser;
  beforeAll(async () => {
    if (missing !== undefined) return;
    [system, browser] = await Promise.all([start(), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await system?.[Symbol.asyncDispose]();
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  return {
    get system() {
      return system;
    },
    get browser() {
      return browser;
    },
    open: ({ url = system.url, ...options } = {}) => openConsole(browser, url, options),
  };
}
