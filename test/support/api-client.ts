import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedSystem } from './embedded-system.ts';

export interface TaskBody {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly result: Record<string, unknown> | null;
  readonly error: { readonly code: string; readonly message: string; readonly retryable: boolean } | null;
  readonly started_at: string | null;
  readonly position?: number;
  readonly estimated_start?: string;
  readonly links?: Readonly<Record<string, string>>;
}

export interface ProblemBody {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

type Headers = Readonly<Record<string, string>>;

type System = Pick<EmbeddedSystem, 'fetch'>;

/** Posts a value as JSON. Strings and bytes are sent unchanged. */
export function post(system: System, path: string, body: unknown, headers: Headers = {}): Promise<Response> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  return system.fetch(path, {
    method: 'POST',
    body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

/** Submits a task. Waits and repeats a submit that a busy machine refuses, as a client should. */
export async function submit(system: System, model: string, request: unknown, headers?: Headers): Promise<TaskBody> {
  const response = await post(system, `/models/${model}/tasks`, request, headers);
  if (response.status !== 429) return (await response.json()) as TaskBody;
  await sleep(1000 * Number(response.headers.get('Retry-After')));
  return submit(system, model, request, headers);
}

/** Resolves with the task when it has ended. */
export async function ended(system: System, id: string): Promise<TaskBody> {
  for (;;) {
    const response = await system.fetch(`/tasks/${id}`, { headers: { Prefer: 'wait=20' } });
    const task = (await response.json()) as TaskBody;
    if (task.state !== 'queued' && task.state !== 'running') return task;
  }
}
