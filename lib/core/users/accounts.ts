import type { Clock } from '../clock.ts';
import { ModelyardError } from '../errors.ts';
import {
  changeUser,
  issueSecret,
  matchCredential,
  parseSecret,
  withCredential,
  withoutCredential,
} from './credentials.ts';
import { createLoginBrake, type LoginBrake } from './login-brake.ts';
import {
  hashOfNoPassword,
  hashPassword,
  isOutdated,
  passwordFault,
  SCRYPT_COST,
  type ScryptCost,
  verifyPassword,
} from './password.ts';
import { isUserName, MAX_USER_NAME_LENGTH, MIN_USER_NAME_LENGTH, type User, type UserRole } from './user.ts';
import { nameKeyOf } from './user-id.ts';
import type { UserStore } from './user-store.ts';

/** Signs access tokens. */
export interface TokenSigner {
  sign(user: Pick<User, 'id'>): Promise<{ readonly token: string; readonly expiresInSeconds: number }>;
}

export interface AccountsOptions {
  readonly users: UserStore;
  readonly clock: Clock;
  readonly signer: TokenSigner;
  /** Whether anybody may register. */
  readonly registration: 'open' | 'closed';
  /** @default what OWASP recommends */
  readonly cost?: ScryptCost;
  /** @default one of this process alone */
  readonly brake?: LoginBrake;
}

interface Registration {
  readonly name: string;
  readonly password: string;
}

interface Login extends Registration {
  /** The network address of the caller. */
  readonly address: string;
}

export interface LoggedIn {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Valid once: a refresh gives another one. */
  readonly refreshToken: string;
}

const SESSION_MS = 30 * 24 * 3_600_000;

/** Registration, login and refresh of users with passwords. */
export type Accounts = ReturnType<typeof createAccounts>;

export function createAccounts(options: AccountsOptions) {
  const { users, clock, signer, registration, cost = SCRYPT_COST } = options;
  const brake = options.brake ?? createLoginBrake(clock);
  // Compared for unknown names, so that they take as long as known ones.
  const decoy = hashOfNoPassword(cost);

  /** Undefined when the user was disabled or deleted, or got another password, after this one was verified. */
  async function startSession(user: User, password: string): Promise<LoggedIn | undefined> {
    const { id, text, hash } = issueSecret('session', user.id);
    const now = clock.now();
    const session = { id, kind: 'session', name: '', hash, createdAt: now, expiresAt: now + SESSION_MS } as const;
    const passwordHash = isOutdated(user.passwordHash, cost) ? await hashPassword(password, cost) : user.passwordHash;
    const started = await changeUser({ users, clock }, user.id, (current) =>
      current.passwordHash === user.passwordHash && !current.isDisabled
        ? withCredential({ ...current, passwordHash }, session, now)
        : undefined,
    ).catch(unlessDeleted);
    if (started) return loggedIn(started, text);
    const current = await users.get(user.id);
    // Another login may have hashed the same password anew.
    const isSame = current && !current.isDisabled && (await verifyPassword(password, current.passwordHash));
    return isSame ? startSession(current, password) : undefined;
  }

  async function loggedIn(user: User, refreshToken: string): Promise<LoggedIn> {
    const { token: accessToken, expiresInSeconds } = await signer.sign(user);
    return { accessToken, expiresInSeconds, refreshToken };
  }

  return {
    registration,

    /** Rejects with `forbidden` while registration is closed, `invalid_input` and `name_taken`. */
    async register(asked: Registration): Promise<User> {
      if (registration === 'closed') {
        throw new ModelyardError('forbidden', 'Registration is closed: an administrator adds users.');
      }
      return addUser(users, clock, { ...asked, role: 'user', cost });
    },

    /** Rejects with `unauthenticated`, and with `too_many_requests` after failures of this name or address. */
    async login({ name, password, address }: Login): Promise<LoggedIn> {
      const attempt = await brake.enter(nameKeyOf(name), address);
      const user = await users.findByName(name);
      const hash = user && user.passwordHash !== '' ? user.passwordHash : decoy;
      const isRight = await verifyPassword(password, hash);
      if (!user || user.isDisabled || user.passwordHash === '' || !isRight) throw wrong();
      await attempt.succeeded();
      const started = await startSession(user, password);
      if (!started) throw wrong();
      return started;
    },

    /**
     * Exchanges a refresh token for a new pair. A token that was exchanged before ends its session, because one of two
     * holders has stolen it. Rejects with `unauthenticated`.
     */
    async refresh(text: string): Promise<LoggedIn> {
      const parsed = parseSecret('session', text);
      const known = parsed && (await users.get(parsed.userId));
      if (!parsed || !known) throw expired();
      const next = issueSecret('session', parsed.userId, parsed.id);
      let isRight = false;
      const user = await changeUser({ users, clock }, parsed.userId, (current) => {
        const now = clock.now();
        const session = matchCredential(current, parsed, now);
        isRight = session?.kind === 'session';
        const ended = withoutCredential(current, parsed.id);
        if (!session || !isRight) return ended.credentials?.length === current.credentials?.length ? undefined : ended;
        return withCredential(
          ended,
          { ...session, hash: next.hash, lastUsedAt: now, expiresAt: now + SESSION_MS },
          now,
        );
      }).catch(unlessDeleted);
      if (!user || !isRight) throw expired();
      return loggedIn(user, next.text);
    },
  };
}

const wrong = (): ModelyardError => new ModelyardError('unauthenticated', 'The user name or the password is wrong.');

const expired = (): ModelyardError =>
  new ModelyardError('unauthenticated', 'The refresh token is not valid any more. Log in again.');

/** The recovery of a change of a user who was deleted meanwhile: nothing was changed. */
function unlessDeleted(error: unknown): undefined {
  if (error instanceof ModelyardError && error.code === 'user_not_found') return;
  throw error;
}

interface NewAccount extends Registration {
  readonly role: UserRole;
  readonly cost?: ScryptCost;
}

/** Adds a user. Rejects with `invalid_input` and `name_taken`. */
export async function addUser(
  users: UserStore,
  clock: Clock,
  { name, password, role, cost }: NewAccount,
): Promise<User> {
  const errors = [
    { pointer: '/username', message: isUserName(name) ? undefined : NAME_RULE },
    { pointer: '/password', message: passwordFault(password, name) },
  ].flatMap(({ pointer, message }) => (message === undefined ? [] : [{ pointer, message }]));
  if (errors.length > 0) throw new ModelyardError('invalid_input', 'This user cannot be added.', { errors });
  // Saves the hash, which is expensive.
  if (await users.findByName(name)) throw taken();
  const passwordHash = await hashPassword(password, cost);
  const user = await users.create({ name, role, passwordHash, createdAt: clock.now() });
  if (!user) throw taken();
  return user;
}

const taken = (): ModelyardError => new ModelyardError('name_taken', 'This user name is taken.');

const NAME_RULE = `Must have ${MIN_USER_NAME_LENGTH} to ${MAX_USER_NAME_LENGTH} letters of one script, digits, or ._%+@- after the first.`;
