import { HANDLER_NAMES, type HandlerName, type ProxyHandler, problemResponse } from '#api';
import { ModelyardError } from '#core';

type Handlers = Readonly<Record<HandlerName, ProxyHandler>>;

/** What tells whether the process is well is never turned away. */
const ALWAYS: ReadonlySet<HandlerName> = new Set(['health', 'get-metrics']);
const RETRY_AFTER_SECONDS = 1;

/** Turns requests away with 429 while `maxRequests` are in hand, most of which only wait: each holds memory and a socket. */
export function limitRequests(handlers: Handlers, maxRequests: number): Handlers {
  let inHand = 0;

  const limited = (name: HandlerName): ProxyHandler =>
    async function limitedHandler(event, context) {
      if (inHand >= maxRequests) {
        const message = 'Too many requests are waiting for an answer here; try again soon.';
        const error = new ModelyardError('backlog_full', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
        return problemResponse(error, event.path ?? '');
      }
      inHand += 1;
      try {
        return await handlers[name](event, context);
      } finally {
        inHand -= 1;
      }
    };

  const entries = HANDLER_NAMES.map((name) => [name, ALWAYS.has(name) ? handlers[name] : limited(name)] as const);
  return Object.fromEntries(entries) as Record<HandlerName, ProxyHandler>;
}
