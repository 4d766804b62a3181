import {
  corsHeaders,
  createRouter,
  HTTPS_ONLY,
  type Method,
  NO_SNIFFING,
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

interface RefusalOptions {
  /** Origins whose pages may read responses. @default none */
  readonly corsOrigins?: readonly string[] | undefined;
  /** Tells browsers never to use plain HTTP for this host. @default false */
  readonly isHttpsOnly?: boolean;
}

/** Answers requests without a route: 405 with the methods of the path, or 404. */
export const createHandler = ({ corsOrigins = [], isHttpsOnly = false }: RefusalOptions = {}): ProxyHandler =>
  async function refuseRoute(event, context) {
    const answer = refusal(event);
    const secure = { ...NO_SNIFFING, ...(isHttpsOnly ? HTTPS_ONLY : {}) };
    const named = { ...secure, ...answer.headers, 'X-Request-Id': requestIdOf(event, context) };
    return { ...answer, headers: { ...named, ...corsHeaders(event, answer, corsOrigins) } };
  };

function refusal(event: ProxyEvent): ProxyResult {
  const path = pathOf(event);
  try {
    return unroutedAnswer(event.httpMethod, path, offeredTo(event));
  } catch (error) {
    // Same response as the local gateway.
    return problemResponse(error, path);
  }
}

/** A REST API reports the matched path; an HTTP API does not. */
function offeredTo(event: ProxyEvent): readonly Method[] {
  const known = ROUTES.filter(({ path }) => path === event.resource);
  return known.length > 0 ? known.map(({ method }) => method) : [...matchPath(pathOf(event)).keys()];
}
