import { setTimeout as sleep } from 'node:timers/promises';
import type { Gate } from '#test/support/gate.ts';

export interface Silences {
  /** Shortest and longest silence of a connection in ms. */
  readonly silenceMs: readonly [number, number];
  /** Silences of the network, one after the other. */
  readonly rounds: number;
  readonly random: () => number;
}

/** Makes the network fall silent again and again, for each connection for a time of its own. */
export async function silence(gate: Gate, { rounds, silenceMs, random }: Silences): Promise<void> {
  const [shortest, longest] = silenceMs;
  const draw = () => shortest + random() * (longest - shortest);
  for (let round = 0; round < rounds; round++) {
    await sleep(300 + random() * 300);
    gate.stallEach(draw);
    await sleep(draw());
    // Connections that were made meanwhile stay silent for their own time.
    gate.stallEach(() => 0, { onlyNew: true });
  }
  await sleep(longest);
  gate.resume();
}

/** Resolves when the condition holds, or when the time is over. */
export async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!holds() && Date.now() < endsAt) await sleep(20);
}
