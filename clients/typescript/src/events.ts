import { withResult } from './large.ts';
import { type SendOptions, send } from './send.ts';
import { serverSentEvents } from './server-sent-events.ts';
import { isOver, type Task } from './task.ts';

/** An event of a task. */
export type TaskEvent =
  | { readonly type: 'state'; readonly task: Task }
  | { readonly type: 'progress'; readonly fraction: number; readonly message: string | null }
  /** A part of the result. */
  | { readonly type: 'partial'; readonly result: unknown }
  /** A failed attempt, a retry or another entry of the history. */
  | { readonly type: 'history'; readonly entry: unknown };

/** Pause before a new connection. */
const RECONNECT_MS = 200;
/** Longest wait where answers are no streams, in seconds. */
const WAIT = 25;

/**
 * All events of a task until it has ended. Connects again where a connection breaks, and goes on after the last event.
 */
export async function* taskEvents(sending: SendOptions, id: string): AsyncGenerator<TaskEvent> {
  const path = `/tasks/${encodeURIComponent(id)}/events`;
  let lastId: string | undefined;
  for (;;) {
    const headers = { Accept: 'text/event-stream', Prefer: `wait=${WAIT}` };
    const answer = await send(sending, {
      ...{ method: 'GET', path, isRepeatable: true },
      headers: lastId === undefined ? headers : { ...headers, 'Last-Event-ID': lastId },
    });
    if (answer.status === 204) return;
    try {
      for await (const { id: eventId, event } of received(answer)) {
        yield event.type === 'state' ? { type: 'state', task: await withResult(sending, event.task) } : event;
        lastId = eventId;
        if (event.type === 'state' && isOver(event.task)) return;
      }
    } catch (error) {
      if (sending.signal?.aborted) throw error;
      // Recovery: the connection broke; the next one goes on after the last event.
    }
    await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
  }
}

interface Received {
  readonly id: string;
  readonly event: TaskEvent;
}

async function* received(answer: Response): AsyncGenerator<Received> {
  for await (const group of serverSentEvents(answer)) {
    for (const { id, name, data } of group) {
      const event = id === undefined ? undefined : eventOf(name, data);
      if (id !== undefined && event) yield { id, event };
    }
  }
}

function eventOf(name: string | undefined, data: unknown): TaskEvent | undefined {
  if (name === 'state') return { type: 'state', task: data as Task };
  if (name === 'history') return { type: 'history', entry: data };
  if (name === 'partial') return { type: 'partial', result: (data as { readonly result: unknown }).result };
  if (name !== 'progress') return undefined;
  const { fraction, message } = data as { readonly fraction: number; readonly message: string | null };
  return { type: 'progress', fraction, message };
}
