import { HANDLER_NAMES, type ProxyHandler, type RoutedHandlerName } from '#api';

type Handlers = Readonly<Record<RoutedHandlerName, ProxyHandler>>;

/** Handlers that are set later. Requests wait for them. */
export function lateHandlers(): Handlers & Pick<PromiseWithResolvers<Handlers>, 'resolve' | 'reject'> {
  const { promise, resolve, reject } = Promise.withResolvers<Handlers>();
  // A rejection without waiting requests is not an error.
  promise.catch(() => undefined);
  const late = (name: RoutedHandlerName): ProxyHandler =>
    async function lateHandler(event, context) {
      return (await promise)[name](event, context);
    };
  const handlers = Object.fromEntries(
    [...HANDLER_NAMES, 'lifecycle' as const].map((name) => [name, late(name)]),
  ) as Record<RoutedHandlerName, ProxyHandler>;
  return { ...handlers, resolve, reject };
}
