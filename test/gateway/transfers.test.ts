import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { createBridge } from '#gateway/bridge.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const MIB = 2 ** 20;
const BYTES = Buffer.alloc(30 * MIB, 'transferred ');

async function start() {
  const { blobs, transfers } = createMemoryPlatform();
  const limits = { requestMs: 300 };
  const bridge = createBridge({ routes: [], handlers: {} as never, logger: silentLogger, limits, transfers });
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
