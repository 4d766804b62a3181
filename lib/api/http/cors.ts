import { headersOf } from './header-fields.ts';
import type { ProxyEvent, ProxyResult } from './proxy.ts';

/**
 * Lets pages of these origins read an answer, which a REST API leaves to its functions; other gateways do it themselves.
 * `*` stands for every origin, and no origins for gateways that let no page in.
 */
export function corsHeaders(
  event: ProxyEvent,
  { headers }: Pick<ProxyResult, 'headers'>,
  origins: readonly string[],
): Readonly<Record<string, string>> {
  if (origins.length === 0) return {};
  const origin = headersOf(event).list('origin') ?? '';
  // Also for who may not, and for who is of no origin: caches must not take one answer for the other.
  const varies = { Vary: headers.Vary ? `${headers.Vary}, Origin` : 'Origin' };
  if (!origins.includes(origin) && !origins.includes('*')) return varies;
  return { ...varies, 'Access-Control-Allow-Origin': origin || '*', 'Access-Control-Expose-Headers': EXPOSED };
}

/** What pages may read of the head of an answer, besides what browsers show anyway. */
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
