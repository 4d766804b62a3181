/** Folders and lifetime of one end-to-end test on an AWS emulator. */
export interface Workplace {
  /** The repository. */
  readonly root: string;
  /** Holds every file that is written; removed at the end. */
  readonly scratch: string;
  /** Stops everything when aborted. */
  readonly signal: AbortSignal;
}

/** The account of the emulator. No real account has this id. */
export const ACCOUNT = '000000000000';

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Throws for an endpoint that is not on this machine, so that no real account is ever changed. */
export function assertLoopback(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === 'http:' && url.username === '' && LOOPBACK.has(url.hostname)) return;
  throw new Error(
    `${endpoint} is not an emulator on this machine: the end-to-end test of the cloud runs against loopback only.`,
  );
}
