import { randomBytes } from 'node:crypto';
import { LIMIT_FIELDS, limitFault, ModelyardError, SCOPES, type Scope, USER_ROLES, type UserRole } from '#core';

/** Without the values, which may be passwords. */
export function describe(error: unknown): string {
  if (!(error instanceof ModelyardError)) return error instanceof Error ? error.message : String(error);
  return [error.message, ...error.errors.map(({ pointer, message }) => `${pointer.slice(1)}: ${message}`)].join(' ');
}

/** 112 random bits in characters that are easy to type. */
export const newPassword = (): string =>
  Array.from({ length: 4 }, () => randomBytes(4).toString('hex').slice(0, 7)).join('-');

export function toRole(text: string): UserRole {
  const role = USER_ROLES.find((known) => known === text);
  if (!role) throw new Error(`The role must be one of ${USER_ROLES.join(', ')}, not ${text}.`);
  return role;
}

export function toScope(text: string): Scope {
  const scope = SCOPES.find((known) => known === text);
  if (!scope) throw new Error(`A scope must be one of ${SCOPES.join(', ')}, not ${text}.`);
  return scope;
}

/** Reads `burst=50,tasks_per_day=default`. */
export function toLimits(text: string): Readonly<Record<string, number | null>> {
  const limits = text.split(',').map((part) => {
    const [name = '', value = ''] = part.split('=');
    const limit = value === 'default' ? null : Number(value || 'none');
    const fault = limitFault(name, limit);
    if (fault === undefined) return [name, limit] as const;
    const what = Object.hasOwn(LIMIT_FIELDS, name) ? `The value of ${name}` : 'A limit';
    throw new Error(`${what} must be ${fault.replace('null for the', "default for the role's")}.`);
  });
  return Object.fromEntries(limits);
}
