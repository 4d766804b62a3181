/** What a user may do: everything with their own tasks, or, as an admin, with instances and the tasks of all. */
export const USER_ROLES = ['user', 'admin'] as const;

export type UserRole = (typeof USER_ROLES)[number];

/** Somebody who registered. */
export interface User {
  /** The owner of their tasks and calls; made by `newUserId`. Nobody else ever has it, under whatever name. */
  readonly id: string;
  /** As it was typed. No two users have names with the same `userNameKey`. */
  readonly name: string;
  readonly role: UserRole;
  /** Opaque here, and a secret: neither logged nor answered. */
  readonly passwordHash: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** 1 at first, one more with each change; the optimistic lock of `UserStore.update`. */
  readonly version: number;
}

/** Somebody who is about to register. */
export type NewUser = Omit<User, 'id' | 'version'>;

export const MIN_USER_NAME_LENGTH = 3;
export const MAX_USER_NAME_LENGTH = 64;

/** Letters and digits of any script; between them also what mail addresses have. */
const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._%+@-]*$/u;
/** Characters that nobody sees. Some count as letters. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * What makes two names the same: `ANN`, `Ann` and full-width `Ａｎｎ` are one (Unicode's NFKC_Casefold, as far as
 * JavaScript has it). Never shown to anybody.
 */
export const userNameKey = (name: string): string =>
  fold(name.normalize('NFKD').replace(INVISIBLE, '')).normalize('NFKC');

/** Down, up and down again: `ẞ`, `ß` and `ss` are one, and so are the two small sigmas. */
const fold = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');

/** Whether somebody may register under a name: 3 to 64 visible characters, however it is written. */
export function isUserName(name: string): boolean {
  const key = userNameKey(name);
  return [name, key].every((text) => USER_NAME.test(text) && isNameLength(text.length)) && name.search(INVISIBLE) < 0;
}

const isNameLength = (length: number): boolean => length >= MIN_USER_NAME_LENGTH && length <= MAX_USER_NAME_LENGTH;
