import type { IncomingMessage } from 'node:http';
import { HeaderFields, type ProxyResult, type Route, traceOf } from '#api';
import type { TraceContext, Tracing } from '#core';
import type { Exchange } from './bridge-server.ts';
import { statusOf } from './recorded-call.ts';

interface TracedRequest {
  readonly request: IncomingMessage;
  readonly route: Pick<Route, 'path' | 'handler'>;
  readonly exchange: Pick<Exchange, 'requestId' | 'path'>;
}

/** Their requests would be most of the traces. */
const UNTRACED: readonly string[] = ['health', 'get-metrics'];

/**
 * Answers a request in a span, which continues the caller's trace. `answer` gets headers that name this span as the
 * parent of what follows. Resolves and rejects like `answer`.
 */
export async function tracedRequest(
  tracing: Tracing | undefined,
  { request, route, exchange }: TracedRequest,
  answer: (rawHeaders: readonly string[]) => Promise<ProxyResult>,
): Promise<ProxyResult> {
  const { rawHeaders, method = '', socket } = request;
  if (!tracing || UNTRACED.includes(route.handler)) return answer(rawHeaders);
  const pairs = pairsOf(rawHeaders);
  const headers = new HeaderFields(pairs);
  const span = tracing.start({
    name: `${method} ${route.path}`,
    kind: 'server',
    parent: traceOf(headers),
    attributes: {
      'http.request.method': method,
      'http.route': route.path,
      'url.path': exchange.path,
      'url.scheme': 'http',
      'network.peer.address': socket.remoteAddress,
      'user_agent.original': headers.list('user-agent'),
      'modelyard.request.id': exchange.requestId,
    },
  });
  const end = (status: number): void => {
    span.set({ 'http.response.status_code': status });
    span.end({ error: status >= 500 ? String(status) : undefined });
  };
  try {
    const result = await answer(continuing(pairs, span.context));
    end(result.statusCode);
    return result;
  } catch (error) {
    end(statusOf(error));
    throw error;
  }
}

const pairsOf = (rawHeaders: readonly string[]): [string, string][] =>
  rawHeaders.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : []));

/** Alternating names and values, with another trace. */
function continuing(pairs: readonly [string, string][], trace: TraceContext): readonly string[] {
  const others = pairs.filter(([name]) => !/^trace(parent|state)$/i.test(name));
  return [...others, ...Object.entries(trace)].flat();
}
