import { readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createHandlerDeps, ROUTES } from '#api';
import { type BlobStore, decodeEnvelope, registerInstance } from '#core';
import { createBridge } from '#gateway/bridge.ts';
import { createHandlers } from '#gateway/handlers.ts';
import { TranscodingPool } from '#gateway/transcoding-pool.ts';
import { createMemoryPlatform } from '#platform/memory.ts';
import type { Platform } from '#platform/platform.ts';
import { everything } from '#test/contract/support/compile-proto.ts';
import { anInstance } from '#test/support/registry.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** What the server has used since it was asked last. */
export interface Usage {
  /** CPU time of all its threads. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
  /** The longest that its event loop was held up, by the clock; on a busy machine, others may be the reason. */
  readonly delayMs: number;
  /** The most CPU time that its event loop took between two turns, whoever else wanted the processor. */
  readonly heldMs: number;
  /** The most memory that it had, above what it had before. */
  readonly memoryBytes: number;
}

// The gateway as a process of its own, on the memory platform, with a model that answers with its request. The parent
// asks it for its usage over IPC: `start` begins a measurement, `stop` ends it.
export const MODEL = 'everything';

if (process.send) await serve();

async function serve(): Promise<void> {
  // The channel closes however the parent ends.
  process.once('disconnect', () => process.exit());
  const blobs = new Map<string, Uint8Array>();
  // By reference: a real store would have its copy elsewhere.
  const store: BlobStore = {
    put: async (key, bytes) => void blobs.set(key, bytes),
    get: async (key) => blobs.get(key),
  };
  const platform = { ...createMemoryPlatform({ pollMs: 1000 }), blobs: store };
  const contract = everything();
  const instance = anInstance({ model: MODEL, contractHash: contract.hash, expiresAt: Number.MAX_SAFE_INTEGER });
  const limits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 1, acceptWhenAsleep: true };
  await registerInstance(platform, {
    instance,
    contract,
    manifest: { description: 'Answers with its request.', variants: [], limits },
  });
  await platform.registry.putInstance(instance);

  const { transcoder } = new TranscodingPool();
  const deps = createHandlerDeps({ auth: 'none', platform, transcoder, logger: silentLogger });
  const bridge = createBridge({ routes: ROUTES, handlers: createHandlers(deps), logger: silentLogger });
  const { url } = await bridge.listen(0, '127.0.0.1');
  void answer(platform, contract.hash);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let turn = process.threadCpuUsage();
  let heldMs = 0;
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(turn);
    turn = process.threadCpuUsage();
    heldMs = Math.max(heldMs, (user + system) / 1000);
  }, 1);
  let cpu = process.cpuUsage();
  let startedAt = 0;
  let resident = 0;
  process.on('message', (asked) => {
    if (asked === 'forget') {
      blobs.clear();
      process.send?.('forgotten');
    } else if (asked === 'start') {
      globalThis.gc?.();
      resetPeak();
      resident = memoryOf('VmRSS');
      startedAt = performance.now();
      cpu = process.cpuUsage();
      delay.reset();
      turn = process.threadCpuUsage();
      heldMs = 0;
      process.send?.('started');
    } else if (asked === 'stop') {
      const { user, system } = process.cpuUsage(cpu);
      const usage: Usage = {
        cpuMs: (user + system) / 1000,
        elapsedMs: performance.now() - startedAt,
        delayMs: delay.max / 1e6,
        heldMs,
        memoryBytes: memoryOf('VmHWM') - resident,
      };
      process.send?.(usage);
    }
  });
  process.send?.({ url });
}

/** The model: every task succeeds at once, and its result is its request. */
async function answer(platform: Platform, contractHash: string): Promise<void> {
  const { signal } = new AbortController();
  const consumer = platform.queues(MODEL).consume({ leaseSeconds: 60, signal });
  for (;;) {
    for (const delivery of await consumer.receive(10)) {
      const { taskId, request } = decodeEnvelope(delivery.body);
      const at = platform.clock.now();
      const result = { contractHash, payload: request };
      await platform.tasks.apply(taskId, { type: 'succeeded', fence: 1, attempts: 1, startedAt: at, at, result });
      await delivery.ack();
    }
  }
}

/** Of this process, as Linux counts it: `VmRSS` now, `VmHWM` at most since `resetPeak`. */
function memoryOf(name: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes = '0'] = new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

const resetPeak = (): void => writeFileSync('/proc/self/clear_refs', '5');
