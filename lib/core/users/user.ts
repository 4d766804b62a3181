import type { UserLimits } from './limits.ts';
import type { Scope } from './principal.ts';

/** Each includes those before. `user`: own tasks. `operator`: instances and metrics. `admin`: users. */
export const USER_ROLES = ['user', 'operator', 'admin'] as const;

export type UserRole = (typeof USER_ROLES)[number];

export interface User {
  /** The owner of tasks and calls, made by `newUserId`. Ids are never reused. */
  readonly id: string;
  /** As typed. Unique by `userNameKey`. */
  readonly name: string;
  readonly role: UserRole;
  /** Empty without a password. Secret: never log or return it. */
  readonly passwordHash: string;
  /** Disabled users cannot log in, and their tokens and keys are refused. @default false */
  readonly isDisabled?: boolean;
  /** API keys and sessions. @default none */
  readonly credentials?: readonly Credential[];
  /** Limits other than those of the role. @default none */
  readonly limits?: UserLimits;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** Starts at 1 and increases with each change: the optimistic lock of `UserStore.update`. */
  readonly version: number;
}

/** A secret that authenticates a user: an API key, or a session with its refresh token. */
export interface Credential {
  /** Unique for its user. */
  readonly id: string;
  readonly kind: 'key' | 'session';
  /** Display name. */
  readonly name: string;
  /** SHA-256 of the secret, which is random: no slow hash is needed. */
  readonly hash: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly lastUsedAt?: number;
  readonly scopes?: readonly Scope[];
  readonly models?: readonly string[];
}

/** The fields that stores keep as one text, because they are only read together with the user. */
export const packAccount = ({ isDisabled, credentials, limits }: User | NewUser): string =>
  JSON.stringify({ isDisabled, credentials, limits });

/** Undoes `packAccount`. Rows of earlier builds have no such text. */
export const unpackAccount = (text: string | undefined): Pick<User, 'isDisabled' | 'credentials' | 'limits'> =>
  text === undefined || text === '' ? {} : JSON.parse(text);

export type NewUser = Omit<User, 'id' | 'version'>;

export const MIN_USER_NAME_LENGTH = 3;
export const MAX_USER_NAME_LENGTH = 64;

/** Letters and digits of any script, and the punctuation of email addresses. */
const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._%+@-]*$/u;
const NO_SCRIPT = '\\p{Script=Common}\\p{Script=Inherited}';
const EAST_ASIAN = ['Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo'].map(
  (name) => `\\p{Script_Extensions=${name}}`,
);
/**
 * Latin, Greek and Cyrillic letters look alike, so each stand alone (UTS 39): Latin `ann` and `аnn` with a Cyrillic `а`
 * are no two users. Only letters of East Asia, which look like no other ones, stand beside Latin ones.
 */
const ONE_SCRIPT = new RegExp(
  [
    `^[\\p{Script_Extensions=Latin}${EAST_ASIAN.join('')}${NO_SCRIPT}]*$`,
    `^[\\p{Script_Extensions=Greek}${NO_SCRIPT}]*$`,
    `^[\\p{Script_Extensions=Cyrillic}${NO_SCRIPT}]*$`,
    '^[^\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}]*$',
  ].join('|'),
  'u',
);
/** Between the name and the labels of the domain of an email address: `иван@example.com` has two scripts. */
const PARTS = /@|(?<=@.*)\./u;
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

/** Whether a name may be registered: 3 to 64 visible characters, also after folding, of one script. */
export function isUserName(name: string): boolean {
  const mayBe = (text: string) => USER_NAME.test(text) && isNameLength(text.length) && isOneScript(text);
  return mayBe(name) && mayBe(userNameKey(name)) && name.search(INVISIBLE) < 0;
}

const isOneScript = (text: string): boolean => text.split(PARTS).every((part) => ONE_SCRIPT.test(part));

const isNameLength = (length: number): boolean => length >= MIN_USER_NAME_LENGTH && length <= MAX_USER_NAME_LENGTH;
