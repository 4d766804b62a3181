import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Logger, Span, SpanStart, TraceContext, Tracing } from '#core';

export interface OtelOptions {
  /** @default `OTEL_SERVICE_NAME` */
  readonly service: string;
  readonly logger: Pick<Logger, 'warn'>;
}

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

const CLOSE_MS = 2000;
/** Pause between two warnings of exports that fail. */
const WARN_MS = 60_000;

/** Exports spans by OTLP. The SDK reads the standard variables: endpoint, headers, sampler, batches, resource. */
export function createOtelTracing({ service, logger }: OtelOptions): Tracing {
  warnOfFailures(logger);
  const named = { 'service.name': service, 'service.namespace': 'modelyard', 'process.pid': process.pid };
  const provider = new BasicTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes(named))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('modelyard');
  return {
    start({ name, kind = 'internal', parent, attributes = {}, at }) {
      const options = {
        kind: KINDS[kind],
        attributes: { ...attributes },
        ...(at === undefined ? {} : { startTime: at }),
      };
      return ofOtel(tracer.startSpan(name, options, contextOf(parent)));
    },
    async close() {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, CLOSE_MS);
      // Best effort: the process ends.
      await Promise.race([provider.shutdown().catch(() => undefined), late.promise]);
      clearTimeout(timer);
    },
  };
}

const W3C = new W3CTraceContextPropagator();

const GETTER: TextMapGetter<Partial<TraceContext>> = {
  keys: (carrier) => Object.keys(carrier),
  get: (carrier, key) => carrier[key as keyof TraceContext],
};

const SETTER: TextMapSetter<Record<string, string>> = {
  set: (carrier, key, value) => Object.assign(carrier, { [key]: value }),
};

const contextOf = (parent: SpanStart['parent']) => (parent ? W3C.extract(ROOT_CONTEXT, parent, GETTER) : ROOT_CONTEXT);

function ofOtel(span: ReturnType<ReturnType<BasicTracerProvider['getTracer']>['startSpan']>): Span {
  const carrier: Record<string, string> = {};
  W3C.inject(trace.setSpan(ROOT_CONTEXT, span), carrier, SETTER);
  return {
    context: { traceparent: '', ...carrier },
    set: (attributes) => void span.setAttributes({ ...attributes }),
    end({ at, error } = {}) {
      if (error !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', error);
      }
      span.end(at);
    },
  };
}

/** The SDK reports every failed export, which would be most of a log. */
function warnOfFailures(logger: Pick<Logger, 'warn'>): void {
  let warnedAt = Number.NEGATIVE_INFINITY;
  setGlobalErrorHandler((error) => {
    const now = performance.now();
    if (now - warnedAt < WARN_MS) return;
    warnedAt = now;
    const reason = error instanceof Error ? error.message : typeof error === 'string' ? error : JSON.stringify(error);
    logger.warn('Traces could not be exported.', { reason });
  });
}
