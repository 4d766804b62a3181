import type { UserRole } from './user.ts';

/** Limits of a user. An absent limit does not apply. */
export interface UserLimits {
  /** On average, over all gateways. */
  readonly requestsPerSecond?: number;
  /** Requests at once, after a pause. */
  readonly burst?: number;
  /** Tasks that have not ended. */
  readonly tasksWaiting?: number;
  /** Accepted tasks per day (UTC). */
  readonly tasksPerDay?: number;
}

/** The names of the limits in the API, with their largest values. */
export const LIMIT_FIELDS = {
  requests_per_second: { limit: 'requestsPerSecond', max: 100_000 },
  burst: { limit: 'burst', max: 100_000 },
  tasks_waiting: { limit: 'tasksWaiting', max: 2_000 },
  tasks_per_day: { limit: 'tasksPerDay', max: 1_000_000_000 },
} as const satisfies Record<string, { readonly limit: keyof UserLimits; readonly max: number }>;

export const ROLE_LIMITS: Readonly<Record<UserRole, UserLimits>> = {
  user: { requestsPerSecond: 100, burst: 1_000, tasksWaiting: 1_000, tasksPerDay: 100_000 },
  operator: { requestsPerSecond: 200, burst: 2_000, tasksWaiting: 2_000, tasksPerDay: 1_000_000 },
  admin: {},
};

/** The limits of a user: those of the role, unless the user has others. */
export const limitsOf = ({ role, limits }: { readonly role: UserRole; readonly limits?: UserLimits }): UserLimits => ({
  ...ROLE_LIMITS[role],
  ...limits,
});

/** Limits with other values for some. Null removes a user's own value. */
export function changedLimits(
  limits: UserLimits | undefined,
  asked: Readonly<Record<string, number | null>>,
): UserLimits | undefined {
  const next = new Map(Object.entries(limits ?? {}));
  for (const [name, { limit }] of Object.entries(LIMIT_FIELDS)) {
    const value = asked[name];
    if (value === null) next.delete(limit);
    else if (value !== undefined) next.set(limit, value);
  }
  return next.size === 0 ? undefined : Object.fromEntries(next);
}

/** Completes "… must be". Undefined for a valid value of a field of `LIMIT_FIELDS`. */
export function limitFault(name: string, value: unknown): string | undefined {
  const field = Object.hasOwn(LIMIT_FIELDS, name) ? LIMIT_FIELDS[name as keyof typeof LIMIT_FIELDS] : undefined;
  if (!field) return `one of ${Object.keys(LIMIT_FIELDS).join(', ')}`;
  if (value === null) return undefined;
  const isValid = Number.isInteger(value) && Number(value) >= 1 && Number(value) <= field.max;
  return isValid ? undefined : `a whole number from 1 to ${field.max}, or null for the default`;
}
