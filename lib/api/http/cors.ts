import { headersOf } from './header-fields.ts';
import type { ProxyEvent, ProxyResult } from './proxy.ts';

/** Adds CORS headers to a response of a REST API; other gateways add them themselves. `*` allows every origin. */
export function corsHeaders(
  event: ProxyEvent,
  { headers }: Pick<ProxyResult, 'headers'>,
  origins: readonly string[],
): Readonly<Record<string, string>> {
  if (origins.length === 0) return {};
  const origin = headersOf(event).list('origin') ?? '';
  // On every response, because caches must not mix responses for different origins.
  const varies = { Vary: headers.Vary ? `${headers.Vary}, Origin` : 'Origin' };
  if (!origins.includes(origin) && !origins.includes('*')) return varies;
  return { ...varies, 'Access-Control-Allow-Origin': origin || '*', 'Access-Control-Expose-Headers': EXPOSED };
}

/** Response headers that pages may read, besides those that browsers always allow. */
export const EXPOSED_HEADERS = [
  'Location',
  'Retry-After',
  'X-Request-Id',
  'Preference-Applied',
  'ETag',
  'Allow',
  'Content-Disposition',
] as const;

const EXPOSED = EXPOSED_HEADERS.join();
