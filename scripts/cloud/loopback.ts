const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Throws one sentence for an endpoint that is not on this machine: nothing here may ever reach a real account. */
export function assertLoopback(endpoint: string): void {
  const { hostname, protocol } = new URL(endpoint);
  if (protocol === 'http:' && LOOPBACK.has(hostname)) return;
  throw new Error(
    `${endpoint} is not an emulator on this machine: the end-to-end test of the cloud runs against loopback only.`,
  );
}
