import { ModelyardError } from '#core';
import { problemResponse } from './problem.ts';
import type { ProxyResult } from './proxy.ts';
import type { Method } from './routes.ts';

/**
 * The response to a request without a route. `offered`: methods of the path. 404 without any, 204 for OPTIONS, else
 * 405. The last two have `Allow`, with HEAD wherever GET is.
 */
export function unroutedAnswer(method: string | undefined, path: string, offered: readonly Method[]): ProxyResult {
  if (offered.length === 0) {
    return problemResponse(new ModelyardError('route_not_found', 'There is no such route.'), path);
  }
  const headers = { Allow: [...offered, ...(offered.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ') };
  if (method === 'OPTIONS') return { statusCode: 204, headers, body: '' };
  const error = new ModelyardError('method_not_allowed', `Only ${headers.Allow} can be used at this address.`);
  return problemResponse(error, path, headers);
}
