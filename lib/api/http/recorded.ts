import type { MiddlewareObj } from '@middy/core';
import type { AnsweredCall, Principal } from '#core';
import { callOf } from './call-of.ts';
import { methodOf, queryOf, requestIdOf, routeOf } from './http-request.ts';
import type { ProxyContext, ProxyEvent, ProxyResult } from './proxy.ts';
import type { Route } from './routes.ts';

/** Takes a call when its answer is known. Must not wait and must not throw. */
export type RecordCall = (call: AnsweredCall) => void;

/** The properties of an event that its handler has determined. */
interface Recognized {
  /** With route and path parameters. */
  readonly routed: ProxyEvent;
  readonly caller: Principal | undefined;
}

interface RecordedRequest {
  readonly event: ProxyEvent;
  readonly context: ProxyContext;
  readonly response?: ProxyResult | null | undefined;
}

/** Health probes would be most of the log. */
const PROBES: readonly string[] = ['/healthz', '/readyz'];

/** Passes the calls of a handler to `record`. Events that `known` does not have matched no route, and are left out. */
export function recorded(
  record: RecordCall,
  known: WeakMap<ProxyEvent, Recognized>,
): MiddlewareObj<ProxyEvent, ProxyResult, Error, ProxyContext> {
  const startedAt = new WeakMap<ProxyEvent, number>();
  function recordAnswer({ event, context, response }: RecordedRequest): void {
    const recognized = known.get(event);
    if (!recognized || !response) return;
    const { routed, caller } = recognized;
    // The handler answers known routes only.
    const route = { method: methodOf(routed), path: routeOf(routed) } as Pick<Route, 'method' | 'path'>;
    if (PROBES.includes(route.path)) return;
    const now = performance.now();
    const { task_id: asked } = queryOf(routed).all();
    const answered = {
      ...{ route, caller, params: routed.pathParameters ?? {}, taskId: typeof asked === 'string' ? asked : undefined },
      ...{ requestId: requestIdOf(event, context), bytesIn: sizeOf(event) },
      durationMs: now - (startedAt.get(event) ?? now),
    };
    record(callOf(answered, response.statusCode, response));
  }
  return {
    before: ({ event }) => void startedAt.set(event, performance.now()),
    after: recordAnswer,
    onError: recordAnswer,
  };
}

const sizeOf = ({ body, isBase64Encoded, bytes }: ProxyEvent): number =>
  bytes?.byteLength ?? Buffer.byteLength(body ?? '', isBase64Encoded ? 'base64' : 'utf8');
