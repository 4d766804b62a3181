import { codeOf } from './errors.ts';
import type { TraceContext } from './tasks/envelope.ts';

/** A step of a request, as OpenTelemetry defines it. */
export interface Span {
  /** Names this step as the parent of others. */
  readonly context: TraceContext;
  set(attributes: SpanAttributes): void;
  end(ending?: SpanEnding): void;
}

export interface SpanEnding {
  /** Unix milliseconds. @default now */
  readonly at?: number;
  /** The code of the error with which the step failed. */
  readonly error?: string | undefined;
}

/** Undefined ones are left out. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanStart {
  readonly name: string;
  /** @default 'internal' */
  readonly kind?: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  /** @default a new trace begins */
  readonly parent?: TraceContext | undefined;
  readonly attributes?: SpanAttributes;
  /** Unix milliseconds. @default now */
  readonly at?: number;
}

/** Does work in a span, which ends with it. */
export async function inSpan<T>(span: Span | undefined, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    span?.end();
    return result;
  } catch (error) {
    span?.end({ error: codeOf(error) });
    throw error;
  }
}

/** Exports spans. */
export interface Tracing {
  start(span: SpanStart): Span;
  /** Exports what is left, for two seconds at most. Never rejects. */
  close(): Promise<void>;
}
