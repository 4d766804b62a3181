import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { OK, startBridge } from './bridge-harness.ts';

const REQUEST = 'GET /things/1 HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** More than Node lets wait by itself, where the system allows for it. */
async function burstSize(): Promise<number> {
  // Recovery: only Linux says how many may wait; 128 is the least of all systems.
  const allowed = await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => '128');
  return Math.min(900, Number(allowed) - 28);
}

function call(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(REQUEST);
  return socket;
}

describe('a burst of callers', () => {
  it('waits while the process is busy, and is served before who comes later', async () => {
    const { port } = await startBridge(async () => OK);
    let answered = 0;
    const count = await burstSize();

    // All of these connect in one turn, in which nobody takes them.
    const burst = Array.from({ length: count }, async () => {
      await once(call(port), 'data');
      answered += 1;
    });
    await Promise.race(burst);
    await once(call(port), 'data');
    const answeredBeforeLate = answered;
    await Promise.all(burst);

    // Who was dropped would be back a second later.
    expect(answeredBeforeLate).toBe(count);
  });
});
