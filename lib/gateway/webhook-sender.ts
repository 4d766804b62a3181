import type { HandlerDeps } from '#api';
import { backoffMs, type ReceivedKey } from '#core';
import { createSendDue, type Sending } from '#lambdas/send-webhooks/send-due.ts';

export interface WebhookSender {
  /** Stops receiving webhooks. Resolves when current requests have ended. */
  stop(): Promise<void>;
}

/** Pause between two looks at the queue. */
const PAUSE_MS = 200;
/** Concurrent webhooks. A slow receiver occupies one for 15 s. */
const MAX_CURRENT = 100;
const BACKOFF = { baseMs: 500, maxMs: 15_000 };

/**
 * Sends the webhooks of the platform's queue, beside all other work of this process. Several processes may do so at
 * once.
 */
export function startWebhookSender(deps: HandlerDeps, sending: Sending): WebhookSender {
  const { platform, logger } = deps;
  const { webhooks, clock } = platform;
  const stopping = new AbortController();
  const { signal } = stopping;
  const sendDue = createSendDue(deps, sending);
  const current = new Map<string, Promise<void>>();

  async function send({ key, done }: ReceivedKey): Promise<void> {
    try {
      await sendDue(key);
      await done();
    } catch (error) {
      logger.warn('A webhook could not be handled; retrying.', { key, reason: String(error) });
      await clock.sleep(Math.ceil(backoffMs(BACKOFF, 3)), signal);
    } finally {
      current.delete(key);
    }
  }

  async function take(): Promise<readonly ReceivedKey[]> {
    if (!webhooks.due) return (await webhooks.receive?.(signal)) ?? [];
    // Current ones are due too, until they are claimed.
    const due = await webhooks.due(clock.now(), MAX_CURRENT * 2);
    return due.map((key) => ({ key, done: async () => undefined }));
  }

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        for (const received of await take()) {
          if (current.size >= MAX_CURRENT) await Promise.race(current.values());
          if (!current.has(received.key)) current.set(received.key, send(received));
        }
        failures = 0;
        if (webhooks.due) await clock.sleep(PAUSE_MS, signal);
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        logger.warn('The queue of webhooks cannot be read; retrying.', { reason: String(error) });
        await clock.sleep(Math.ceil(backoffMs(BACKOFF, failures)), signal);
      }
    }
    await Promise.all(current.values());
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
