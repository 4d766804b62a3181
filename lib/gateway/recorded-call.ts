import { type AnsweredRequest, callOf, type ProxyResult, type RouteMatch, STATUS } from '#api';
import { type AnsweredCall, ModelyardError, type Principal } from '#core';
import { ClientDisconnectedError } from './bridge-answer.ts';
import type { Exchange } from './bridge-server.ts';

/** Set while a request is handled. */
export interface CallProgress {
  caller?: Principal | undefined;
  bytesIn: number;
}

/** The status that nginx logs for a client that disconnected early. */
const CLIENT_LEFT = 499;

/** Answers a request, and records the call after that, or at the end of its stream. Resolves and rejects like `answer`. */
export async function recordedCall(
  record: ((call: AnsweredCall) => void) | undefined,
  { route, params, exchange }: RouteMatch & { readonly exchange: Exchange },
  answer: (progress: CallProgress) => Promise<ProxyResult>,
): Promise<ProxyResult> {
  const progress: CallProgress = { bytesIn: 0 };
  // Health probes would be most of the log.
  if (!record || route.handler === 'health') return answer(progress);
  const startedAt = performance.now();
  const request = (): AnsweredRequest => ({
    ...{ route, params, requestId: exchange.requestId, caller: progress.caller, bytesIn: progress.bytesIn },
    taskId: taskIdIn(exchange.query),
    durationMs: performance.now() - startedAt,
  });
  try {
    const result = await answer(progress);
    const recordNow = (bytesOut?: number) =>
      record({ ...callOf(request(), result.statusCode, result), ...(bytesOut === undefined ? {} : { bytesOut }) });
    // A stream that nobody is there to read does not begin.
    if (!result.stream || exchange.wait.signal.aborted) {
      recordNow();
      return result;
    }
    return { ...result, stream: counted(result.stream, recordNow) };
  } catch (error) {
    record(callOf(request(), statusOf(error)));
    throw error;
  }
}

/** The same stream. `ended` gets its size at its end. */
async function* counted(
  stream: NonNullable<ProxyResult['stream']>,
  ended: (bytes: number) => void,
): NonNullable<ProxyResult['stream']> {
  let bytes = 0;
  try {
    for await (const piece of stream) {
      bytes += Buffer.byteLength(piece);
      yield piece;
    }
  } finally {
    ended(bytes);
  }
}

/** The status of the answer to a request that failed so. */
export function statusOf(error: unknown): number {
  if (error instanceof ClientDisconnectedError) return CLIENT_LEFT;
  return error instanceof ModelyardError ? STATUS[error.code] : STATUS.internal;
}

const taskIdIn = (query: string): string | undefined => /(?:^|&)task_id=([^&]*)/.exec(query)?.[1];
