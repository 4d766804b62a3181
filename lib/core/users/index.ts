export { type Accounts, addUser, createAccounts, type LoggedIn, type TokenSigner } from './accounts.ts';
export {
  createKey,
  DEFAULT_KEY_DAYS,
  identifyKey,
  type KeyRequest,
  type KnownCaller,
  keysOf,
  MAX_KEY_DAYS,
  revokeKey,
} from './api-keys.ts';
export { changeUser, looksLikeKey, secretPrefix } from './credentials.ts';
export { type EraseDeps, eraseTask, eraseUser, tasksOf } from './erase-user.ts';
export { changedLimits, LIMIT_FIELDS, limitFault, limitsOf, ROLE_LIMITS, type UserLimits } from './limits.ts';
export { createSharedLoginBrake, type LoginBrake } from './login-brake.ts';
export {
  allowHashes,
  hashPassword,
  isOutdated,
  passwordFault,
  SCRYPT_COST,
  type ScryptCost,
  verifyPassword,
} from './password.ts';
export {
  AUTH_KINDS,
  type AuthKind,
  assertMay,
  LOCAL_PRINCIPAL,
  type Principal,
  principalFor,
  readsAsOperator,
  SCOPES,
  type Scope,
} from './principal.ts';
export { type RatedCaller, RequestLimit, rateOf, tooManyRequests } from './request-limit.ts';
export {
  KEY_RING_AGE_MS,
  type KeyRing,
  newKeyRing,
  parseKeyRing,
  rotateKeyRing,
  type SigningKey,
  signingKeyOf,
  verifyingKeysOf,
} from './signing-keys.ts';
export { countingQuota, createTaskQuota, type TaskQuota, type UserQuota } from './task-limit.ts';
export { UsageLedger } from './usage-ledger.ts';
export type { StoredUsage, UsageStore } from './usage-store.ts';
export {
  type Credential,
  isUserName,
  MAX_USER_NAME_LENGTH,
  MIN_USER_NAME_LENGTH,
  type NewUser,
  packAccount,
  USER_ROLES,
  type User,
  type UserRole,
  unpackAccount,
  userNameKey,
} from './user.ts';
export { findUserById, isUserId, nameKeyOf, nameKeyOfId, newUserId, userCursor } from './user-id.ts';
export { allUsers, type UserPage, type UserQuery, type UserStore } from './user-store.ts';
export {
  type EndOf,
  endedAmong,
  isSweptAt,
  tooManyToday,
  tooManyWaiting,
  type WaitingTasks,
} from './waiting-tasks.ts';
