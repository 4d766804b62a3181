import { type Call, type Credential, secretPrefix, type User } from '#core';

/** A user without secrets. */
export const presentUser = ({ id, name, role, isDisabled = false, createdAt }: User) => ({
  id,
  username: name,
  role,
  disabled: isDisabled,
  created_at: timeOf(createdAt),
});

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
