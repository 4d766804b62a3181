import type { MultiValues, ProxyEvent, ProxyResult, SingleValues } from './proxy.ts';

/** Request headers, case-insensitive, with repeated names. */
export class HeaderFields {
  readonly #values = new Map<string, string[]>();

  constructor(entries: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of entries) {
      const known = this.#values.get(name.toLowerCase());
      if (known) known.push(value);
      else this.#values.set(name.toLowerCase(), [value]);
    }
  }

  /** All values of a name, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }

  /** All values combined as in RFC 9110. Undefined without the header. */
  list(name: string): string | undefined {
    const values = this.all(name);
    return values.length === 0 ? undefined : values.join(', ');
  }
}

/** Prefers the multi-value form of the event, because the other one drops values. */
export const headersOf = ({ headers, multiValueHeaders }: ProxyEvent): HeaderFields =>
  new HeaderFields(multiValueHeaders ? multiEntries(multiValueHeaders) : singleEntries(headers ?? {}));

const multiEntries = (values: MultiValues): [string, string][] =>
  Object.entries(values).flatMap(([name, all]) => (all ?? []).map((value): [string, string] => [name, value]));

const singleEntries = (values: SingleValues): [string, string][] =>
  Object.entries(values).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]));

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
  'Link',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Preference-Applied',
  'ETag',
  'Allow',
  'Content-Disposition',
] as const;

const EXPOSED = EXPOSED_HEADERS.join();

/** All request headers that the API reads and that browsers do not allow by default. */
export const CORS_REQUEST_HEADERS = [
  'Authorization',
  'Content-Type',
  'If-None-Match',
  'Last-Event-ID',
  'traceparent',
  'tracestate',
  'Idempotency-Key',
  'Routing-Key',
  'Prefer',
  'Task-Deadline',
  'Task-Priority',
  'Task-Timeout',
  'Webhook-Url',
  'Webhook-Events',
] as const;

/** Preflight cache in seconds. Some browsers cap it at this value. */
export const CORS_MAX_AGE_SECONDS = 7200;
