import { DEFAULT_KEY_DAYS, LIMIT_FIELDS, MAX_KEY_DAYS, SCOPES, USER_ROLES } from '#core';
import { FORM_TYPE, JSON_TYPE } from '../http/negotiation.ts';
import type { Json } from './message-schemas.ts';
import {
  BODY_PROBLEMS,
  emptyResponse,
  jsonResponse,
  pathParameter,
  queryParameter,
  type RouteDocs,
} from './route-doc.ts';

const text = (description: string): Json => ({ type: 'string', description });
const moment = (description: string): Json => ({ type: 'string', format: 'date-time', description });

const object = (properties: Json, optional: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const body = (schema: Json, types: readonly string[] = [JSON_TYPE]): Json => ({
  required: true,
  content: Object.fromEntries(types.map((type) => [type, { schema }])),
});

const ROLE = { type: 'string', enum: USER_ROLES };
const LIMITS = {
  scopes: { type: 'array', items: { type: 'string', enum: SCOPES }, description: 'The scopes of the key.' },
  models: { type: 'array', items: { type: 'string' }, description: 'The models that the key may use.' },
};
const NULLABLE_LIMITS = {
  scopes: { ...LIMITS.scopes, type: ['array', 'null'] },
  models: { ...LIMITS.models, type: ['array', 'null'] },
};

const USER_LIMITS = {
  type: 'object',
  description: 'The limits of the user. Null: no limit; in a request: the default of the role.',
  properties: Object.fromEntries(
    Object.entries(LIMIT_FIELDS).map(([name, { max }]) => [
      name,
      { type: ['integer', 'null'], minimum: 1, maximum: max },
    ]),
  ),
  additionalProperties: false,
};

const PASSWORD = object({ username: text('The user name.'), password: { type: 'string', format: 'password' } });
const USER = object({
  id: text('The id of the user.'),
  username: text('The user name.'),
  role: ROLE,
  disabled: { type: 'boolean', description: 'Disabled users are refused.' },
  limits: USER_LIMITS,
  created_at: moment('Time of the registration.'),
});
const TOKENS = object({
  access_token: text('For the Authorization header.'),
  token_type: { type: 'string', enum: ['bearer'] },
  expires_in: { type: 'integer', description: 'Seconds.' },
  refresh_token: text('For one refresh.'),
});
const KEY = {
  id: text('The id of the key.'),
  name: text('The display name.'),
  prefix: text('The first characters of the key, which identify it.'),
  created_at: moment('Time of the creation.'),
  expires_at: moment('Time of the expiry.'),
  last_used_at: { ...moment('Time of the last use, to the hour.'), type: ['string', 'null'] },
  ...NULLABLE_LIMITS,
};

const CALL = object({
  id: text('The id of the call.'),
  time: moment('Time at which it arrived.'),
  user_id: { ...text('The user. Null for an unauthenticated call, for example a login.'), type: ['string', 'null'] },
  key: { ...text('The id of the API key. Null for another credential.'), type: ['string', 'null'] },
  method: text('The HTTP method.'),
  route: text('The path of the route, with parameters in braces.'),
  model: { ...text('The model in the path, with its contract version if that is there.'), type: ['string', 'null'] },
  task_id: { ...text('The task that was submitted or read.'), type: ['string', 'null'] },
  status: { type: 'integer', description: 'The HTTP status. 499: the caller disconnected before the response.' },
  duration_ms: { type: 'number', description: 'Milliseconds until the answer.' },
  bytes_in: { type: 'integer', description: 'Size of the body of the request.' },
  bytes_out: { type: 'integer', description: 'Size of the body of the response.' },
  request_id: text('The X-Request-Id of the response.'),
});
const CALL_PAGE = {
  '200': jsonResponse(
    'A page of calls. It may be short although there is a next one.',
    object({ calls: { type: 'array', items: CALL }, next_cursor: { type: ['string', 'null'] } }),
  ),
};
const PAGE_PARAMETERS = [
  queryParameter('limit', 'The maximum number of entries.', {
    type: 'integer',
    minimum: 1,
    maximum: 100,
    default: 20,
  }),
  queryParameter('cursor', 'The `next_cursor` of the page before.', { type: 'string' }),
];
const CALL_PARAMETERS = [
  queryParameter('model', 'Only calls with this model in the path, such as `churn` or `churn@2`.', { type: 'string' }),
  queryParameter('status', 'Only calls with this HTTP status.', { type: 'integer', minimum: 100, maximum: 599 }),
  queryParameter('from', 'Only calls at this time or later.', { type: 'string', format: 'date-time' }),
  queryParameter('to', 'Only calls before this time.', { type: 'string', format: 'date-time' }),
  ...PAGE_PARAMETERS,
];

const STORE_PROBLEMS = ['route_not_found', 'not_acceptable', 'store_unavailable'] as const;
const USER_ID = pathParameter('id', 'The id of the user.');

export const USER_ROUTES = {
  'POST /register': {
    operationId: 'register',
    tag: 'Users',
    requestBody: body(PASSWORD),
    responses: { '201': jsonResponse('The user.', USER) },
    problems: ['forbidden', 'name_taken', ...BODY_PROBLEMS, ...STORE_PROBLEMS],
  },
  'POST /login': {
    operationId: 'login',
    tag: 'Users',
    requestBody: body({ ...PASSWORD, additionalProperties: true }, [JSON_TYPE, FORM_TYPE]),
    responses: { '200': jsonResponse('An access token and a refresh token.', TOKENS) },
    problems: ['unauthenticated', ...BODY_PROBLEMS, ...STORE_PROBLEMS],
  },
  'POST /login/refresh': {
    operationId: 'refresh_login',
    tag: 'Users',
    description: 'A refresh token is valid once. Using one again ends its session.',
    requestBody: body(object({ refresh_token: text('The refresh token.') })),
    responses: { '200': jsonResponse('New tokens.', TOKENS) },
    problems: ['unauthenticated', ...BODY_PROBLEMS, ...STORE_PROBLEMS],
  },
  'GET /users/me': {
    operationId: 'get_me',
    tag: 'Users',
    responses: {
      '200': jsonResponse(
        'Who calls.',
        object(
          {
            id: text('The id of the user.'),
            username: text('The user name.'),
            role: ROLE,
            limits: USER_LIMITS,
            key: text('The API key. Null for another credential.'),
            ...LIMITS,
          },
          ['key', 'scopes', 'models'],
        ),
      ),
    },
    problems: ['not_acceptable'],
  },
  'GET /users/me/calls': {
    operationId: 'list_my_calls',
    tag: 'Users',
    parameters: CALL_PARAMETERS,
    responses: CALL_PAGE,
    problems: STORE_PROBLEMS,
  },
  'GET /calls': {
    operationId: 'list_calls',
    tag: 'Users',
    parameters: [
      queryParameter('user', 'Only calls of this user: a name or an id.', { type: 'string' }),
      ...CALL_PARAMETERS,
    ],
    responses: CALL_PAGE,
    problems: STORE_PROBLEMS,
  },
  'GET /users/me/keys': {
    operationId: 'list_keys',
    tag: 'Users',
    responses: { '200': jsonResponse('The keys.', object({ keys: { type: 'array', items: object(KEY) } })) },
    problems: STORE_PROBLEMS,
  },
  'POST /users/me/keys': {
    operationId: 'create_key',
    tag: 'Users',
    description: 'The key is shown only in this response.',
    requestBody: body(
      object(
        {
          name: { type: 'string', maxLength: 100, description: 'The display name.' },
          expires_in_days: { type: 'integer', minimum: 1, maximum: MAX_KEY_DAYS, default: DEFAULT_KEY_DAYS },
          ...LIMITS,
        },
        ['expires_in_days', 'scopes', 'models'],
      ),
    ),
    responses: { '201': jsonResponse('The key.', object({ ...KEY, key: text('The key itself.') })) },
    problems: [...BODY_PROBLEMS, ...STORE_PROBLEMS],
  },
  'DELETE /users/me/keys/{id}': {
    operationId: 'delete_key',
    tag: 'Users',
    parameters: [pathParameter('id', 'The id of the key.')],
    responses: { '204': emptyResponse('The key is refused from now on, within a minute.') },
    problems: ['key_not_found', ...STORE_PROBLEMS],
  },
  'GET /users': {
    operationId: 'list_users',
    tag: 'Users',
    parameters: PAGE_PARAMETERS,
    responses: {
      '200': jsonResponse(
        'A page of users.',
        object({ users: { type: 'array', items: USER }, next_cursor: { type: ['string', 'null'] } }),
      ),
    },
    problems: STORE_PROBLEMS,
  },
  'PATCH /users/{id}': {
    operationId: 'change_user',
    tag: 'Users',
    description: 'Only while registration is open.',
    parameters: [USER_ID],
    requestBody: body(
      object({ role: ROLE, disabled: { type: 'boolean' }, limits: USER_LIMITS }, ['role', 'disabled', 'limits']),
    ),
    responses: { '200': jsonResponse('The user.', USER) },
    problems: ['user_not_found', ...BODY_PROBLEMS, ...STORE_PROBLEMS],
  },
  'DELETE /users/{id}': {
    operationId: 'delete_user',
    tag: 'Users',
    description: 'Only while registration is open. Deletes tasks, results, calls, keys and sessions of the user too.',
    parameters: [USER_ID],
    responses: { '204': emptyResponse('The user is deleted.') },
    problems: ['user_not_found', ...STORE_PROBLEMS],
  },
} as const satisfies RouteDocs;
