import { type Call, type Credential, LIMIT_FIELDS, limitsOf, secretPrefix, type User, type UserLimits } from '#core';

/** A user without secrets. */
export const presentUser = ({ id, name, role, isDisabled = false, createdAt, limits }: User) => ({
  id,
  username: name,
  role,
  disabled: isDisabled,
  limits: presentUserLimits(limitsOf({ role, ...(limits ? { limits } : {}) })),
  created_at: timeOf(createdAt),
});

/** Limits of a user. Null: no limit. */
export const presentUserLimits = (limits: UserLimits): Readonly<Record<string, number | null>> =>
  Object.fromEntries(Object.entries(LIMIT_FIELDS).map(([name, { limit }]) => [name, limits[limit] ?? null]));

/** An API key without its secret. */
export const presentKey = (key: Credential, userId: string) => ({
  id: key.id,
  name: key.name,
  prefix: secretPrefix(key, userId),
  created_at: timeOf(key.createdAt),
  expires_at: timeOf(key.expiresAt),
  last_used_at: key.lastUsedAt === undefined ? null : timeOf(key.lastUsedAt),
  scopes: key.scopes ?? null,
  models: key.models ?? null,
});

/** A call of the call log. */
export const presentCall = (call: Call) => ({
  id: call.id,
  time: timeOf(call.startedAt),
  user_id: call.owner === '' ? null : call.owner,
  key: call.key ?? null,
  method: call.method,
  route: call.route,
  model: call.model ?? null,
  task_id: call.taskId ?? null,
  status: call.status,
  duration_ms: call.durationMs,
  bytes_in: call.bytesIn,
  bytes_out: call.bytesOut,
  request_id: call.requestId,
});

const timeOf = (at: number): string => new Date(at).toISOString();
