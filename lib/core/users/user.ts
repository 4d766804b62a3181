/** Each includes those before. `user`: own tasks. `operator`: instances and metrics. `admin`: users. */
export const USER_ROLES = ['user', 'operator', 'admin'] as const;

export type UserRole = (typeof USER_ROLES)[number];

export interface User {
  /** The owner of tasks and calls, made by `newUserId`. Ids are never reused. */
  readonly id: string;
  /** As typed. Unique by `userNameKey`. */
  readonly name: string;
  readonly role: UserRole;
  /** Secret: never log or return it. */
  readonly passwordHash: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Starts at 1 and increases with each change: the optimistic lock of `UserStore.update`. */
  readonly version: number;
}

export type NewUser = Omit<User, 'id' | 'version'>;

export const MIN_USER_NAME_LENGTH = 3;
export const MAX_USER_NAME_LENGTH = 64;

/** Letters and digits of any script, and the punctuation of email addresses. */
const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._%+@-]*$/u;
/** Invisible characters. Some of them count as letters. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Equal for names that count as the same: `ANN`, `Ann` and full-width `Ａｎｎ` (Unicode NFKC_Casefold, as far as
 * JavaScript supports it). Internal.
 */
export const userNameKey = (name: string): string =>
  fold(name.normalize('NFKD').replace(INVISIBLE, '')).normalize('NFKC');

/** Lower, upper, lower case: makes `ẞ`, `ß` and `ss` equal, and both small sigmas. */
const fold = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');

/** Whether a name may be registered: 3 to 64 visible characters, also after folding. */
export function isUserName(name: string): boolean {
  const key = userNameKey(name);
  return [name, key].every((text) => USER_NAME.test(text) && isNameLength(text.length)) && name.search(INVISIBLE) < 0;
}

const isNameLength = (length: number): boolean => length >= MIN_USER_NAME_LENGTH && length <= MAX_USER_NAME_LENGTH;
