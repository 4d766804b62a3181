/** Requests that this tab has sent, by task: the API tells them only of tasks that have ended. */
const sent = new Map<string, unknown>();
const MAX_KEPT = 200;

export function keepRequest(task: string, request: unknown): void {
  sent.set(task, request);
  for (const oldest of sent.keys()) {
    if (sent.size <= MAX_KEPT) break;
    sent.delete(oldest);
  }
}

export const requestOf = (task: string): unknown => sent.get(task);
