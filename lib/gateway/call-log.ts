import type { HandlerDeps } from '#api';
import { type AnsweredCall, CallRecorder, type Logger } from '#core';
import type { FullPlatform } from '#platform/platform.ts';

/** The call log of a gateway. */
export interface GatewayCallLog {
  /** Undefined where calls are not recorded. */
  readonly record?: (call: AnsweredCall) => void;
  /** The call log that handlers read. */
  readonly deps: Pick<HandlerDeps, 'calls' | 'lostCalls'>;
  /** Writes pending calls, for a few seconds at most. */
  stop(): Promise<void>;
}

/** Records the calls of a gateway where its platform does. */
export function openCallLog({ calls, clock, recordsCalls }: FullPlatform, logger: Logger): GatewayCallLog {
  if (!recordsCalls) return { deps: {}, stop: async () => undefined };
  const recorder = new CallRecorder({ calls, clock, logger });
  return {
    record: (call) => recorder.record(call),
    deps: { calls, lostCalls: () => recorder.lost },
    stop: () => recorder.stop(),
  };
}
