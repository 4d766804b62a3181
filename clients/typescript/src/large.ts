import { ApiError } from './errors.ts';
import { type SendOptions, send, sendForJson } from './send.ts';
import type { Task } from './task.ts';

/** Larger requests are uploaded. */
const MAX_CALL_BYTES = 4 * 2 ** 20;

interface Upload {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly links: { readonly submit: string };
}

/** Submits a request, by way of an upload if it is large. */
export async function submitRequest(
  sending: SendOptions,
  model: string,
  request: unknown,
  { 'Idempotency-Key': key = '', ...headers }: Readonly<Record<string, string>>,
): Promise<Task> {
  const path = `/models/${encodeURIComponent(model)}`;
  const post = { method: 'POST', isRepeatable: true } as const;
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const named = { 'Idempotency-Key': key };
  if (bytes.byteLength <= MAX_CALL_BYTES) {
    const task = await sendForJson<Task>(sending, {
      ...{ ...post, path: `${path}/tasks`, body: request },
      headers: { ...named, ...headers },
    });
    return withResult(sending, task);
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const upload = await sendForJson<Upload>(sending, {
    ...{ ...post, path: `${path}/uploads`, headers: named },
    body: { size: bytes.byteLength, sha256, type: 'application/json' },
  });
  await send(sending, {
    ...{ method: 'PUT', path: upload.url, headers: upload.headers, isRepeatable: true },
    bytes,
  });
  const task = await sendForJson<Task>(sending, { ...post, path: upload.links.submit, headers });
  return withResult(sending, task);
}

/** The task with its result, also where the answer has only a link to it. */
export async function withResult(sending: SendOptions, task: Task): Promise<Task> {
  const link = task.state === 'succeeded' && task.result === null ? task.links?.result : undefined;
  if (link === undefined) return task;
  const result = await sendForJson(sending, { method: 'GET', path: link, isRepeatable: true }).catch(
    async (error: unknown) => {
      if (!(error instanceof ApiError) || ![403, 404].includes(error.status)) throw error;
      // Recovery: the link has expired since the task was read. A new answer has a new one.
      const path = `/tasks/${encodeURIComponent(task.id)}`;
      const again = await sendForJson<Task>(sending, { method: 'GET', path, isRepeatable: true });
      return sendForJson(sending, { method: 'GET', path: again.links?.result ?? link, isRepeatable: true });
    },
  );
  return { ...task, result };
}
