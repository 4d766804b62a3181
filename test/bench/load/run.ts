import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadOptions } from './options.ts';

/** One task, as its caller saw it. */
export interface Sample {
  /** When it was due, in milliseconds after the start. */
  readonly atMs: number;
  /** From when it was due until it had ended: a caller that was held up is part of the latency. */
  readonly tookMs: number;
  /** A state of a task, an HTTP status with the problem, or what broke. */
  readonly outcome: string;
}

const WAIT_SECONDS = 20;
const ENDED = new Set(['succeeded', 'failed', 'canceled', 'expired']);

/**
 * Submits at a constant rate and waits for each result. Open loop: nobody waits for an answer before the next
 * request, so that slow answers do not hide behind few requests. `tell` gets a line each second.
 */
export async function runLoad(options: LoadOptions, tell: (line: string) => void): Promise<readonly Sample[]> {
  const total = Math.round(options.rate * options.seconds);
  const samples: Sample[] = [];
  const startedAt = performance.now();
  let sent = 0;
  const progress = setInterval(() => {
    const second = Math.round((performance.now() - startedAt) / 1000);
    const bad = samples.filter(({ outcome }) => outcome !== 'succeeded').length;
    tell(`${second} s: ${sent} of ${total} sent, ${samples.length} ended, ${bad} of them not well`);
  }, 1000);
  const running: Promise<void>[] = [];
  for (; sent < total; sent++) {
    const dueAt = startedAt + (sent / options.rate) * 1000;
    const early = dueAt - performance.now();
    if (early > 1) await sleep(early);
    running.push(
      once(options).then((outcome) => {
        samples.push({ atMs: dueAt - startedAt, tookMs: performance.now() - dueAt, outcome });
      }),
    );
  }
  await Promise.all(running);
  clearInterval(progress);
  return samples;
}

async function once(options: LoadOptions): Promise<string> {
  const endsAt = performance.now() + options.patience * 1000;
  try {
    let response = await fetch(`${options.url}/models/${options.model}/tasks`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Prefer: `wait=${WAIT_SECONDS}` },
      body: options.body,
      signal: AbortSignal.timeout(options.patience * 1000),
    });
    for (;;) {
      const answer = (await response.json()) as {
        readonly id?: string;
        readonly state?: string;
        readonly type?: string;
      };
      if (!response.ok) return `${response.status} ${answer.type ?? ''}`.trim();
      if (answer.state !== undefined && ENDED.has(answer.state)) return answer.state;
      if (performance.now() > endsAt) return 'not ended in time';
      response = await fetch(`${options.url}/tasks/${answer.id}`, {
        headers: { Prefer: `wait=${WAIT_SECONDS}` },
        signal: AbortSignal.timeout(options.patience * 1000),
      });
    }
  } catch (error) {
    // Recovery: counted, as one of the things that a caller sees.
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error && 'code' in cause ? String(cause.code) : String(error);
  }
}
