import { ApiError, type Problem, TaskError } from './errors.ts';
import { newKey } from './key.ts';
import { withResult } from './large.ts';
import { type SendOptions, sendForJson, sendForText, sleep } from './send.ts';
import { isOver, type Task } from './task.ts';

/** The outcome of one request of a batch. */
export type BatchItem<Result> =
  | { readonly index: number; readonly result: Result }
  | { readonly index: number; readonly error: unknown };

export interface BatchOptions {
  /** Requests per call, 1 to 1,000. @default 250 */
  readonly size?: number;
  /**
   * Repeats with the same key, requests and size return the same tasks. @default a random one, for safe retries
   */
  readonly idempotencyKey?: string;
  /** Outcomes before this index are left out: they are known. Calls with such requests only are not sent. @default 0 */
  readonly from?: number;
  /** From submit to the end; then a task expires. */
  readonly deadlineSeconds?: number;
  /** Of one run, below the limit of the model. */
  readonly timeoutSeconds?: number;
  /** Stops waiting. The tasks go on. */
  readonly signal?: AbortSignal;
}

/** One line of the results. */
interface Line extends Task {
  readonly index: number;
  /** Of a request that was refused. */
  readonly problem?: Problem;
}

interface Chunk {
  /** The index of its first request. */
  readonly start: number;
  readonly requests: readonly unknown[];
}

const DEFAULT_SIZE = 250;
const MAX_SIZE = 1000;
/** Less than the 6 MB that a Lambda accepts. */
const MAX_BYTES = 4_000_000;
/** Pauses between two reads of the results. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2000;
const LINES_PER_READ = 100;

/** The outcomes of many requests, in their order, by the batch routes of the API. */
export async function* batchOutcomes(
  sending: SendOptions,
  model: string,
  requests: Iterable<unknown> | AsyncIterable<unknown>,
  options: BatchOptions,
): AsyncGenerator<BatchItem<unknown>> {
  const { from = 0, idempotencyKey = newKey(), size = DEFAULT_SIZE } = options;
  const post = (chunk: Chunk) => submitChunk(sending, model, chunk, { ...options, idempotencyKey });
  let before: { readonly chunk: Chunk; readonly id: Promise<string> } | undefined;
  for await (const chunk of chunksOf(requests, Math.min(MAX_SIZE, Math.max(1, size)))) {
    if (chunk.start + chunk.requests.length <= from) continue;
    const id = post(chunk);
    // Reported when its outcomes are read.
    id.catch(() => undefined);
    if (before) yield* outcomesOf(sending, before.chunk, before.id, from);
    before = { chunk, id };
  }
  if (before) yield* outcomesOf(sending, before.chunk, before.id, from);
}

async function* chunksOf(requests: Iterable<unknown> | AsyncIterable<unknown>, size: number): AsyncGenerator<Chunk> {
  let start = 0;
  let bytes = 0;
  let chunk: unknown[] = [];
  for await (const request of requests) {
    const length = JSON.stringify(request)?.length ?? 0;
    if (chunk.length === size || (chunk.length > 0 && bytes + length > MAX_BYTES)) {
      yield { start, requests: chunk };
      start += chunk.length;
      chunk = [];
      bytes = 0;
    }
    chunk.push(request);
    bytes += length;
  }
  if (chunk.length > 0) yield { start, requests: chunk };
}

async function submitChunk(
  sending: SendOptions,
  model: string,
  { start, requests }: Chunk,
  { idempotencyKey, deadlineSeconds, timeoutSeconds }: BatchOptions,
): Promise<string> {
  const { id } = await sendForJson<{ readonly id: string }>(sending, {
    method: 'POST',
    path: `/models/${encodeURIComponent(model)}/batches`,
    body: requests,
    isRepeatable: true,
    headers: {
      'Idempotency-Key': `${idempotencyKey}-${start}`,
      ...(deadlineSeconds === undefined ? {} : { 'Task-Deadline': String(deadlineSeconds) }),
      ...(timeoutSeconds === undefined ? {} : { 'Task-Timeout': String(timeoutSeconds) }),
    },
  });
  return id;
}

async function* outcomesOf(
  sending: SendOptions,
  { start, requests }: Chunk,
  submitted: Promise<string>,
  from: number,
): AsyncGenerator<BatchItem<unknown>> {
  let at = Math.max(0, from - start);
  let id: string;
  try {
    id = await submitted;
  } catch (error) {
    if (sending.signal?.aborted) throw error;
    for (; at < requests.length; at++) yield { index: start + at, error };
    return;
  }
  let pauseMs = MIN_PAUSE_MS;
  while (at < requests.length) {
    const lines = await readLines(sending, id, at);
    const ended = lines.findIndex((line) => !line.problem && !isOver(line));
    const known = ended < 0 ? lines : lines.slice(0, ended);
    for (const line of known) yield outcomeOf({ ...line, ...(await withResult(sending, line)) }, start);
    at += known.length;
    pauseMs = known.length > 0 ? MIN_PAUSE_MS : Math.min(MAX_PAUSE_MS, pauseMs * 1.5);
    if (at < requests.length && known.length < lines.length) await sleep(pauseMs, sending.signal);
  }
}

async function readLines(sending: SendOptions, id: string, from: number): Promise<readonly Line[]> {
  const path = `/batches/${encodeURIComponent(id)}/results?from=${from}&limit=${LINES_PER_READ}`;
  const headers = { Accept: 'application/x-ndjson' };
  const text = await sendForText(sending, { method: 'GET', path, headers, isRepeatable: true });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Line);
}

function outcomeOf({ index, problem, ...task }: Line, start: number): BatchItem<unknown> {
  if (problem) return { index: start + index, error: new ApiError(problem) };
  if (task.state !== 'succeeded') return { index: start + index, error: new TaskError(task) };
  return { index: start + index, result: task.result };
}
