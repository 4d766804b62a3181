import type { IncomingMessage } from 'node:http';
import { CORS_MAX_AGE_SECONDS, CORS_REQUEST_HEADERS, corsHeaders, type ProxyResult } from '#api';

type Headers = Readonly<Record<string, string>>;

/** CORS headers for pages of these origins; `*` allows all. */
export function createCors(origins: readonly string[]): (request: IncomingMessage, answer: ProxyResult) => Headers {
  return function corsOf({ method, headers }, answer) {
    // The handlers of a platform may have added them.
    const isDone = answer.headers.Vary?.split(', ').includes('Origin');
    const cors = isDone ? {} : corsHeaders({ headers: { origin: headers.origin } }, answer, origins);
    const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
    if (!isPreflight || !('Access-Control-Allow-Origin' in cors) || !answer.headers.Allow) return cors;
    return {
      ...cors,
      'Access-Control-Allow-Methods': answer.headers.Allow,
      'Access-Control-Allow-Headers': CORS_REQUEST_HEADERS.join(', '),
      'Access-Control-Max-Age': String(CORS_MAX_AGE_SECONDS),
    };
  };
}
