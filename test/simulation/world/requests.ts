import { hash } from 'node:crypto';
import type { MessageType } from '#contract';
import { decodeEnvelope, type Envelope } from '#core';

/**
 * What a request makes the model do:
 * `answer` after `ms` · `fail` every time, retryable · `flaky`: fail the first `failures` runs · `refuse` it for good ·
 * `crash` the process that runs it · `overrun`: take longer than a run may, but stop when told · `ignore` the abort ·
 * `block` the thread for `ms`, then answer.
 */
export type Behavior = 'answer' | 'fail' | 'flaky' | 'refuse' | 'crash' | 'overrun' | 'ignore' | 'block';

/** A request to the simulated model. Every request of a simulation has its own number. */
export interface SimRequest {
  readonly number: number;
  readonly does: Behavior;
  readonly ms: number;
  readonly failures?: number;
  /** The newest version of the contract of which it uses a part. @default 1 */
  readonly uses?: 2;
  /** How often a run reports progress. @default 0 */
  readonly tells?: number;
  /** Bytes that the answer is longer than it had to be. */
  readonly answerBytes?: number;
}

/** What the model answers: which request it read, in which run. */
export interface SimResponse {
  readonly to: number;
  readonly run: number;
  readonly padding?: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeRequest = (request: SimRequest): Uint8Array => encoder.encode(JSON.stringify(request));
export const decodeRequest = (bytes: Uint8Array): SimRequest => JSON.parse(decoder.decode(bytes)) as SimRequest;
export const hashOf = (request: SimRequest): string => hash('sha256', encodeRequest(request));
export const decodeResponse = (bytes: Uint8Array): SimResponse => JSON.parse(decoder.decode(bytes)) as SimResponse;

/** A message type of plain JSON: enough for a runtime that never looks inside. */
const jsonType = <T>(fullName: string): MessageType<T> => ({
  fullName,
  descriptorSet: new Uint8Array(),
  encode: (message) => encoder.encode(JSON.stringify(message)),
  decode: (bytes) => JSON.parse(decoder.decode(bytes)) as T,
});

export const requestType = jsonType<SimRequest>('simulation.Request');
export const responseType = jsonType<SimResponse>('simulation.Response');

/** A request of an envelope in words, for traces. */
export const describeRequest = ({ request }: Pick<Envelope, 'request'>): string => {
  if (request.kind === 'blob') return 'a large request';
  const { number, does } = JSON.parse(decoder.decode(request.bytes)) as SimRequest;
  return `request ${number}: ${does}`;
};

/** The task of a message; undefined for bytes that are no envelope. */
export function taskOf(body: Uint8Array): string | undefined {
  try {
    return decodeEnvelope(body).taskId;
  } catch {
    return undefined;
  }
}
