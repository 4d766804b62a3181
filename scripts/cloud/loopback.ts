const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Throws one sentence for an endpoint that is not on this machine: nothing here may ever reach a real account. */
export function assertLoopback(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.protocol === 'http:' && url.username === '' && LOOPBACK.has(url.hostname)) return;
  throw new Error(
    `${endpoint} is not an emulator on this machine: the end-to-end test of the cloud runs against loopback only.`,
  );
}
