import {
  decodePosition,
  type EventPosition,
  encodePosition,
  followEvents,
  getTask,
  hasSeenEnd,
  isTerminal,
  NOTHING_SEEN,
  type ReportEntry,
  reachedPosition,
  type Task,
  type TaskFollowEvent,
  type TaskLookup,
} from '#core';
import type { HandlerDeps } from '../http/handler-deps.ts';
import type { HttpRequest } from '../http/http-request.ts';
import type { ProxyResult } from '../http/proxy.ts';
import { waitPreference } from '../http/request-headers.ts';
import { jsonTextOf } from '../http/transcode.ts';
import { presentEntry } from './history-presenter.ts';
import { taskIdOf } from './task-answers.ts';
import { presentProgress, presentTask, summarizeTask } from './task-presenter.ts';

/** Server-sent events. */
export const EVENTS_TYPE = 'text/event-stream';

/** Interval of comments in a stream without events: proxies close idle connections. */
const HEARTBEAT_MS = 15_000;
/** After which a browser connects again, in milliseconds. */
const RECONNECT = 'retry: 1000\n\n';
const DEFAULT_WAIT_SECONDS = 20;

type EventDeps = Pick<HandlerDeps, 'platform' | 'transcoder' | 'waits'>;

/**
 * The events of a task after `Last-Event-ID`. A gateway streams them until the end of the task; elsewhere, the answer is
 * a long poll that ends with the first events. 204 for who has seen the end, so that browsers do not connect again.
 */
export async function eventsAnswer(deps: EventDeps, request: HttpRequest): Promise<ProxyResult> {
  const lookup = { id: taskIdOf(request), owner: request.caller.id };
  const lastId = request.headers.list('last-event-id')?.trim();
  const asked = lastId ? decodePosition(lastId) : NOTHING_SEEN;
  const known = await getTask(deps.waits, lookup);
  const seen = reachedPosition(known, asked);
  if (isTerminal(known.state) && hasSeenEnd(seen) && seen.round === (known.round ?? 0)) {
    return { statusCode: 204, headers: {}, body: '' };
  }
  const head = { statusCode: 200, headers: { 'Content-Type': EVENTS_TYPE, 'X-Accel-Buffering': 'no' } };
  const opened = request.openStream?.(request.caller);
  if (opened) {
    const stream = streamed(deps, lookup, { seen, known, signal: opened.signal }, opened.close);
    return { ...head, body: '', stream };
  }
  const seconds = waitPreference(request.headers).seconds ?? DEFAULT_WAIT_SECONDS;
  return { ...head, body: RECONNECT + (await polled(deps, lookup, { seen, known, seconds, signal: request.signal })) };
}

interface Following {
  readonly seen: EventPosition;
  readonly known: Task;
  readonly signal: AbortSignal;
}

const depsOf = ({ platform, waits }: EventDeps) => ({ ...waits, blobs: platform.blobs });

async function* streamed(
  deps: EventDeps,
  lookup: TaskLookup,
  following: Following,
  close: () => void,
): AsyncGenerator<string> {
  const { clock } = deps.platform;
  let sentAt = clock.now();
  try {
    yield RECONNECT;
    for await (const events of followEvents(depsOf(deps), lookup, following)) {
      for (const event of events) yield await textOf(deps, event);
      if (events.length > 0) sentAt = clock.now();
      else if (clock.now() - sentAt >= HEARTBEAT_MS) {
        yield ':\n\n';
        sentAt = clock.now();
      }
    }
  } finally {
    close();
  }
}

async function polled(
  deps: EventDeps,
  lookup: TaskLookup,
  { seconds, signal, ...following }: Following & { readonly seconds: number },
): Promise<string> {
  const ends = new AbortController();
  const stop = () => ends.abort();
  signal.addEventListener('abort', stop, { once: true });
  void deps.platform.clock.sleep(seconds * 1000, ends.signal).then(stop);
  try {
    for await (const events of followEvents(depsOf(deps), lookup, { ...following, signal: ends.signal })) {
      if (events.length > 0) return (await Promise.all(events.map((event) => textOf(deps, event)))).join('');
    }
    return ':\n\n';
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
  }
}

/** One event as text. JSON has no line breaks. */
async function textOf(deps: EventDeps, event: TaskFollowEvent): Promise<string> {
  const { name, data } = await describe(deps, event);
  const text = jsonTextOf(data);
  const json = typeof text === 'string' ? text : Buffer.concat(text).toString();
  return `id: ${encodePosition(event.position)}\nevent: ${name}\ndata: ${json}\n\n`;
}

async function describe(deps: EventDeps, event: TaskFollowEvent): Promise<{ name: string; data: unknown }> {
  if (event.type === 'history') return { name: 'history', data: presentEntry(event.entry) };
  if (event.type === 'state') {
    const { task } = event;
    return { name: 'state', data: isTerminal(task.state) ? await presentTask(deps, task) : summarizeTask(task) };
  }
  const { entry, contractHash } = event;
  if (entry.response === undefined) {
    return { name: 'progress', data: { ...presentProgress(entry), attempt: entry.attempt } };
  }
  return { name: 'partial', data: await presentPartial(deps, entry, contractHash) };
}

/** A part of the response; null when its contract has expired. */
async function presentPartial(
  { platform, transcoder }: EventDeps,
  { at, attempt, response = '' }: ReportEntry,
  contractHash: string,
) {
  const contract = await platform.contracts.get(contractHash);
  const result = contract ? await transcoder.responseJson(contract, Buffer.from(response, 'base64')) : null;
  return { at: new Date(at).toISOString(), attempt, result };
}
