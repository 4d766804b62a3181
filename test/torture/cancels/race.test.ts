import { describe, expect, it } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { startPlatform } from '../open-platforms.ts';
import { PACE, raceCancels } from './race.ts';

/** Measured: at most one interval of the worker, and a busy machine. */
const MAX_SIGNAL_MS = { memory: 1_000, sqlite: 1_000, 'rabbit-redis': 1_000, aws: 10_000 } as const;

describe.each(Object.entries(MAX_SIGNAL_MS))('cancels on %s, raced against every moment of a run', (name, maxMs) => {
  const isMissing = name === 'rabbit-redis' && !findBrokers('cancels');

  it.skipIf(isMissing)('leave each task one end for good, and run no canceled task', { timeout: 90_000 }, async () => {
    await using cleanup = new AsyncDisposableStack();
    const open = await startPlatform(name, { model: 'model_b', cleanup });
    const [platform, close] = await open();
    cleanup.defer(async () => void (await close()));

    const report = await raceCancels({ platform, cancels: 80, ...PACE[name] });
    const { canceled, succeeded, neverRan, signalMs, faults } = report;

    expect(faults).toEqual([]);
    expect(neverRan).toBeGreaterThan(0);
    expect(canceled).toBeGreaterThan(neverRan);
    expect(canceled + succeeded).toBe(80);
    const sorted = signalMs.toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)] ?? 0).toBeLessThanOrEqual(maxMs);
  });
});
