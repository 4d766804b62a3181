import type { HeaderFields } from './header-fields.ts';

/** W3C Trace Context, passed on unchanged. */
export interface TraceHeaders {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
/** The length that every implementation must support. */
const MAX_TRACESTATE_LENGTH = 512;

/** Undefined for a missing or malformed trace, which must not fail a request. */
export function traceOf(headers: HeaderFields): TraceHeaders | undefined {
  const traceparent = headers.list('traceparent')?.trim();
  if (traceparent === undefined || !isTraceparent(traceparent)) return undefined;
  const tracestate = headers.list('tracestate')?.trim();
  return tracestate && tracestate.length <= MAX_TRACESTATE_LENGTH ? { traceparent, tracestate } : { traceparent };
}

function isTraceparent(value: string): boolean {
  const [, version, traceId, parentId, more] = TRACEPARENT.exec(value) ?? [];
  if (!version || !traceId || !parentId || version === 'ff') return false;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return false;
  return version !== '00' || more === undefined;
}
