import { ModelyardError } from '../errors.ts';
import { limitsOf, type UserLimits } from './limits.ts';
import { USER_ROLES, type User, type UserRole } from './user.ts';

/** How callers are identified. `none`: everybody is the local user. */
export const AUTH_KINDS = ['none', 'jwt', 'oidc'] as const;
export type AuthKind = (typeof AUTH_KINDS)[number];

/** Scopes of API keys. */
export const SCOPES = ['predict', 'read', 'operate'] as const;
export type Scope = (typeof SCOPES)[number];

/** The authenticated caller. */
export interface Principal {
  /** The owner of tasks and calls. */
  readonly id: string;
  readonly name: string;
  readonly role: UserRole;
  /** Limits of an API key. Undefined: everything that the role may do. */
  readonly scopes?: readonly Scope[];
  /** Limits of an API key. Undefined: all models. */
  readonly models?: readonly string[];
  /** The id of the API key. Undefined: a token. */
  readonly key?: string;
  /** @default none */
  readonly limits?: UserLimits;
}

/** A user as a caller, with everything that the role may do. */
export const principalFor = (user: User): Principal => ({
  id: user.id,
  name: user.name,
  role: user.role,
  limits: limitsOf(user),
});

/** Every caller with `AUTH=none`. */
export const LOCAL_PRINCIPAL: Principal = { id: 'local', name: 'local', role: 'admin' };

/** The access requirements of a route. */
export interface Requirement {
  readonly role: UserRole;
  /** An API key with scopes needs one of these. Empty: only keys without scopes may. */
  readonly scopes: readonly Scope[];
  /** The model of the request, where its path has one. */
  readonly model: string | undefined;
}

/** Whether a role includes another one: `admin` includes `operator`, which includes `user`. */
const includesRole = (role: UserRole, required: UserRole): boolean =>
  USER_ROLES.indexOf(role) >= USER_ROLES.indexOf(required);

/** Of a model in a path: `churn@2`. */
const VERSION = /@\d+$/;

/** Whether a caller may read what is for operators. */
export const readsAsOperator = ({ role, scopes }: Principal): boolean =>
  includesRole(role, 'operator') && (scopes?.some((scope) => scope !== 'predict') ?? true);

/** Throws `forbidden` with one sentence about the missing right. */
export function assertMay({ role, scopes, models }: Principal, required: Requirement): void {
  if (!includesRole(role, required.role)) throw forbidden(`This needs the role ${required.role}.`);
  if (scopes && !required.scopes.some((scope) => scopes.includes(scope))) {
    const needed = required.scopes.join(' or ');
    throw forbidden(needed === '' ? 'This needs a key without scopes.' : `This needs a key with the scope ${needed}.`);
  }
  // Every contract version of a model is meant.
  const model = required.model?.replace(VERSION, '');
  if (models && (model === undefined || !models.includes(model))) throw forbidden('This key is for other models.');
}

const forbidden = (message: string): ModelyardError => new ModelyardError('forbidden', message);
