import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A name of this machine that browsers do not trust as they trust localhost. */
export const OTHER_HOST = 'modelyard.test';

const FLAGS = [
  '--no-sandbox',
  `--host-resolver-rules=MAP ${OTHER_HOST} 127.0.0.1`,
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const NOT_RUN =
  'Not run: there is no Chromium on this machine. Install one (apt-get install chromium), or name it in CHROMIUM.';

/**
 * The reason why browser tests cannot run here, which is also printed. Undefined when they can. Throws with
 * REQUIRE_CHROMIUM=1.
 */
export function browserMissing(): string | undefined {
  if (browserPath() !== undefined) return undefined;
  if (process.env.REQUIRE_CHROMIUM === '1') throw new Error(NOT_RUN);
  process.stderr.write(`${NOT_RUN}\n`);
  return NOT_RUN;
}

/** A headless browser with a temporary profile. */
export function launchBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  if (executablePath === undefined) throw new Error(NOT_RUN);
  return chromium.launch({ executablePath, args: FLAGS });
}

const browserPath = (): string | undefined => [process.env.CHROMIUM ?? '', ...PLACES].find((path) => existsSync(path));
