import { type HandlerDeps, json, presentTask, summarizeTask } from '#api';
import type { SendDeps, Task } from '#core';
import { sendWebhook } from '#core/webhooks';

/** Dependencies of a sender besides those of the handlers. */
export type Sending = Pick<SendDeps, 'outbound' | 'sign' | 'random'>;

/** Larger results are not sent; the receiver gets them from the task. */
const MAX_BODY_BYTES = 256 * 1024;

/** Performs the due step for a key of the queue of webhooks. */
export function createSendDue({ platform, waits, transcoder }: HandlerDeps, sending: Sending) {
  async function present(task: Task, head: object): Promise<string> {
    const { body, pieces } = json(200, { ...head, ...(await presentTask({ platform, transcoder }, task)) });
    if (!pieces && Buffer.byteLength(body) <= MAX_BODY_BYTES) return body;
    return JSON.stringify({ ...head, ...summarizeTask(task), result: null, result_omitted: true });
  }

  const deps = { ...waits, webhooks: platform.webhooks, present, ...sending };
  return async function sendDue(key: string): Promise<void> {
    const [kind, taskId] = key.split(':');
    if (kind === 'webhook' && taskId) await sendWebhook(deps, taskId);
  };
}
