import {
  corsHeaders,
  createRouter,
  type Method,
  type ProxyEvent,
  type ProxyHandler,
  type ProxyResult,
  pathOf,
  problemResponse,
  ROUTES,
  requestIdOf,
  unroutedAnswer,
} from '#api';

const matchPath = createRouter(ROUTES);

/** Every request that no route takes: 405 with the methods that the address has, 404 where there is nothing. */
export const createHandler = ({
  corsOrigins = [],
}: {
  readonly corsOrigins?: readonly string[] | undefined;
} = {}): ProxyHandler =>
  async function refuseRoute(event, context) {
    const answer = refusal(event);
    const named = { ...answer.headers, 'X-Request-Id': requestIdOf(event, context) };
    return { ...answer, headers: { ...named, ...corsHeaders(event, answer, corsOrigins) } };
  };

function refusal(event: ProxyEvent): ProxyResult {
  const path = pathOf(event);
  try {
    return unroutedAnswer(event.httpMethod, path, offeredTo(event));
  } catch (error) {
    // A path that cannot be decoded is refused as the local gateway refuses it.
    return problemResponse(error, path);
  }
}

/** A REST API has found the path already; an HTTP API only found that nothing fits. */
function offeredTo(event: ProxyEvent): readonly Method[] {
  const known = ROUTES.filter(({ path }) => path === event.resource);
  return known.length > 0 ? known.map(({ method }) => method) : [...matchPath(pathOf(event)).keys()];
}
