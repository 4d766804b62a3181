import type { Call } from '#core';
import { CALL_FIELD } from './metrics.ts';
import type { RecordCall } from './recorded.ts';

const toLog = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * Records a call as one line of the function's log. The handler is frozen after its answer, so nothing else could write
 * it later without delaying the answer. `record-calls` reads the lines.
 */
export const callLines =
  (write: (line: string) => void = toLog): RecordCall =>
  (call) => {
    const startedAt = Math.round(Date.now() - call.durationMs);
    write(JSON.stringify({ [CALL_FIELD]: { ...call, startedAt } }));
  };

/** The call of a line. Its id is the one of the request. Undefined for any other line. */
export function callOfLine(line: string): Call | undefined {
  try {
    const { [CALL_FIELD]: call } = JSON.parse(line) as { readonly [CALL_FIELD]?: Omit<Call, 'id'> };
    return isCall(call) ? { ...call, id: call.requestId } : undefined;
  } catch {
    // Recovery: the line is not a call.
    return undefined;
  }
}

const isCall = (call: Omit<Call, 'id'> | undefined): call is Omit<Call, 'id'> =>
  [call?.owner, call?.method, call?.route, call?.requestId].every((text) => typeof text === 'string') &&
  [call?.status, call?.startedAt, call?.durationMs, call?.bytesIn, call?.bytesOut].every(Number.isFinite);
