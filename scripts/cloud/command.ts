import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Aborted when this process is asked to stop. */
export function untilStopped(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new Error(`${name}: stopping.`)));
  }
  return stop.signal;
}
