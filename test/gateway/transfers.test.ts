import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createBridge } from '#gateway/bridge.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const MIB = 2 ** 20;
const BYTES = Buffer.alloc(30 * MIB, 'transferred ');

async function start(limits = {}) {
  const { blobs, transfers } = createMemoryPlatform();
  const bridge = createBridge({
    ...{ routes: [], handlers: {} as never, logger: silentLogger, transfers },
    limits: { requestMs: 300, ...limits },
  });
  const { url } = await bridge.listen(0, '127.0.0.1');
  onTestFinished(() => bridge.close());
  return { blobs, transfers, url };
}

/** Slower than other requests may be. */
async function* slowly(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < BYTES.byteLength; at += 3 * MIB) {
    await sleep(60);
    yield BYTES.subarray(at, at + 3 * MIB);
  }
}

it('a large payload may take longer than other requests, and is larger than they may be', async () => {
  const { blobs, transfers, url } = await start();
  const expected = { size: BYTES.byteLength, sha256: createHash('sha256').update(BYTES).digest('hex') };
  const address = await transfers.addressToPut('requests/1/upload', expected);

  const { status } = await fetch(url + address.url, { method: 'PUT', body: slowly(), duplex: 'half' } as RequestInit);

  expect(status).toBe(200);
  expect(Buffer.compare((await blobs.get('requests/1/upload')) ?? Buffer.alloc(0), BYTES)).toBe(0);
});

it('a download adds no listeners with its pieces', async () => {
  const { transfers, blobs, url } = await start();
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.message);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  await blobs.put('results/1/result.large', BYTES);
  async function* inPieces() {
    for (let at = 0; at < BYTES.byteLength; at += MIB) yield BYTES.subarray(at, at + MIB);
  }
  blobs.read = async () => ({ size: BYTES.byteLength, pieces: inPieces() });
  const address = await transfers.addressToGet('results/1/result.large', { type: 'text/plain', fileName: 'a' });

  const received = await (await fetch(url + address.url)).arrayBuffer();

  expect(received.byteLength).toBe(BYTES.byteLength);
  expect(warnings).toEqual([]);
});

it('ends an upload of single bytes, stores nothing of it, and gives its place back', async () => {
  const { blobs, transfers, url } = await start({ paceMs: 100 });
  const { hostname, port } = new URL(url);
  const address = await transfers.addressToPut('requests/1/upload', { size: MIB, sha256: '0'.repeat(64) });
  async function drip(): Promise<string> {
    const socket = connect(Number(port), hostname);
    socket.write(`PUT ${address.url} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const timer = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    const [answer] = await once(socket, 'data');
    clearInterval(timer);
    socket.destroy();
    return String(answer);
  }

  // As many as there are places.
  const first = await Promise.all(Array.from({ length: 32 }, drip));
  const next = await drip();

  expect(new Set([...first, next].map((answer) => answer.split('\r\n', 1)[0]))).toEqual(
    new Set(['HTTP/1.1 408 Request Timeout']),
  );
  expect(await blobs.get('requests/1/upload')).toBeUndefined();
});

it('ends a download that is not read', async () => {
  const { transfers, blobs, url } = await start({ paceMs: 100 });
  const { hostname, port } = new URL(url);
  await blobs.put('results/1/result.large', BYTES);
  const ended = Promise.withResolvers<void>();
  async function* inPieces() {
    try {
      for (let at = 0; at < BYTES.byteLength; at += MIB) yield BYTES.subarray(at, at + MIB);
    } finally {
      ended.resolve();
    }
  }
  blobs.read = async () => ({ size: BYTES.byteLength, pieces: inPieces() });
  const address = await transfers.addressToGet('results/1/result.large', { type: 'text/plain', fileName: 'a' });

  const socket = connect(Number(port), hostname).on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write(`GET ${address.url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.pause();

  await ended.promise;
});
