import {
  aTime,
  aUser,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  idOfUser,
  json,
  type ProxyResult,
  presentCall,
} from '#api';
import { type CallPage, type CallQuery, ModelyardError, modelAddress } from '#core';

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;

/** `GET /users/me/calls`: the caller's calls. `GET /calls`: those of all users, for admins. */
export const createHandler = (deps: HandlerDeps) =>
  httpHandler(deps, async function listCalls(request) {
    const { calls, users } = deps;
    if (!calls) throw new ModelyardError('route_not_found', 'This system records no calls.');
    if (request.route === '/users/me/calls') {
      return present(await calls.list({ ...queryOf(request), owner: request.caller.id }));
    }
    const user = request.query.matching('user', aUser);
    const owner = user === undefined ? {} : { owner: await idOfUser(users, user) };
    return present(await calls.list({ ...queryOf(request), ...owner }));
  });

function queryOf({ query }: HttpRequest): CallQuery {
  const model = query.matching('model', modelAddress);
  const status = query.integer('status', { min: 100, max: 599 });
  const [from, to] = [query.matching('from', aTime), query.matching('to', aTime)];
  const cursor = query.one('cursor');
  return {
    limit: query.integer('limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
    ...(model === undefined ? {} : { model }),
    ...(status === undefined ? {} : { status }),
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

const present = ({ calls, nextCursor }: CallPage): ProxyResult =>
  json(200, { calls: calls.map(presentCall), next_cursor: nextCursor ?? null });
