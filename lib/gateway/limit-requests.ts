import { HANDLER_NAMES, type HandlerName, type ProxyHandler, problemResponse } from '#api';
import { ModelyardError } from '#core';

type Handlers = Readonly<Record<HandlerName, ProxyHandler>>;

/** Health checks and metrics are not limited. */
const ALWAYS: ReadonlySet<HandlerName> = new Set(['health', 'get-metrics']);
const RETRY_AFTER_SECONDS = 1;

/** Answers 429 while `maxRequests` are in progress. Waiting requests hold memory and a socket. */
export function limitRequests(handlers: Handlers, maxRequests: number): Handlers {
  let inHand = 0;

  const limited = (name: HandlerName): ProxyHandler =>
    async function limitedHandler(event, context) {
      if (inHand >= maxRequests) {
        const message = 'Too many requests are in progress. Retry later.';
        const error = new ModelyardError('too_many_requests', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
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
