import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { ModelyardError } from '../errors.ts';
import { userNameKey } from './user.ts';

/** Cost of scrypt: 2^ln blocks of 128 · r bytes, p times. */
export interface ScryptCost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** One of the settings that OWASP recommends: 32 MiB and a tenth to a third of a second of one core. */
export const SCRYPT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };

const MIN_PASSWORD_LENGTH = 10;
/** Longer texts would only cost time. */
const MAX_PASSWORD_LENGTH = 1024;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([\w+/]+)\$([\w+/]+)$/;
/** Maximum number of concurrent hashes. Each uses memory and a thread of the pool that other work shares. */
let maxAtOnce = 2;
/** More would wait longer than their callers. */
const MAX_WAITING = 100;

/**
 * Hashes a password as a PHC string, which contains the cost and a random salt. Rejects with `too_many_requests`, like
 * `verifyPassword`, when too many wait for it already.
 */
export async function hashPassword(password: string, cost: ScryptCost = SCRYPT_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return toPhc(await derive(password, salt, cost), salt, cost);
}

/** A hash that no password has. Verifying it costs as much as any other one. */
export const hashOfNoPassword = (cost: ScryptCost): string =>
  toPhc(randomBytes(HASH_BYTES), randomBytes(SALT_BYTES), cost);

const toPhc = (digest: Uint8Array, salt: Uint8Array, { ln, r, p }: ScryptCost): string =>
  `$scrypt$ln=${ln},r=${r},p=${p}$${base64(salt)}$${base64(digest)}`;

/** Whether a password belongs to a hash. False for a text that is not a hash, such as an empty one. */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [, ln, r, p, salt = '', digest = ''] = PHC.exec(hash) ?? [];
  if (digest === '') return false;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const given = await derive(password, Buffer.from(salt, 'base64'), cost);
  const stored = Buffer.from(digest, 'base64');
  return stored.length === given.length && timingSafeEqual(stored, given);
}

/** Whether a hash was made with another cost. */
export const isOutdated = (hash: string, { ln, r, p }: ScryptCost = SCRYPT_COST): boolean =>
  !hash.startsWith(`$scrypt$ln=${ln},r=${r},p=${p}$`);

/** For a process that does nothing else. */
export function allowHashes(atOnce: number): void {
  maxAtOnce = atOnce;
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Uint8Array, { ln, r, p }: ScryptCost): Promise<Buffer> {
  if (waiting.length >= MAX_WAITING) {
    throw new ModelyardError('too_many_requests', 'Too many passwords are being checked. Retry later.', {
      ...{ retryable: true, retryAfterSeconds: 10 },
    });
  }
  if (running >= maxAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    const options = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
    return await new Promise((resolve, reject) => {
      // Equal texts in any Unicode form are the same password.
      scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) =>
        error ? reject(error) : resolve(key),
      );
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

/** The fault of a new password. Undefined for a valid one. */
export function passwordFault(password: string, userName: string): string | undefined {
  // In one form, accents are characters of their own; in another one, one character is three letters.
  const lengths = [password, password.normalize('NFKC')].map((text) => [...text].length);
  if (Math.min(...lengths) < MIN_PASSWORD_LENGTH) return `Must have at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (Math.max(...lengths) > MAX_PASSWORD_LENGTH) return `Must have at most ${MAX_PASSWORD_LENGTH} characters.`;
  const core = lettersOf(password);
  const isCommon =
    COMMON.has(core) || COMMON.has(plainLetters(password)) || core === lettersOf(userName) || core.length < 3;
  const isMonotonous = new Set(userNameKey(password)).size < 5;
  return isCommon || isMonotonous ? 'Is one of the passwords that are tried first.' : undefined;
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'l',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '@': 'a',
  $: 's',
};

/** The word inside: `P4ssw0rd2026!!` is `password`. A word that is repeated counts once. */
function lettersOf(text: string): string {
  const word = [...plainLetters(text)].map((letter) => LOOKALIKES[letter] ?? letter).join('');
  return /^(.{3,}?)\1+$/u.exec(word)?.[1] ?? word;
}

const plainLetters = (text: string): string => userNameKey(text).replace(/^[^\p{L}]+|[\d\p{P}\p{S}\s]+$/gu, '');

/** The words of the usual lists of leaked passwords that make ten characters with a suffix or by themselves. */
const COMMON: ReadonlySet<string> = new Set(
  `password passwort passphrase qwerty qwertyuiop qwertyuiopasdf asdfghjkl asdfghjkl zxcvbnm qazwsx qazwsxedc letmein
  welcome admin administrator iloveyou monkey dragon football baseball basketball sunshine princess master superman
  batman starwars trustno abcdef abcdefgh abcdefghij abc changeme changeit secret login user test testing default
  computer internet whatever michael jennifer jessica charlie michelle liverpool chelsea arsenal pokemon naruto
  hello helloworld hunter shadow freedom mustang access flower ninja azerty azertyuiop google facebook samsung
  lovely babygirl butterfly motdepasse contrasena modelyard correcthorsebatterystaple summer winter spring autumn`
    .split(/\s+/)
    .concat('qaz2wsx', 'qaz2wsx3edc', 'q2w3e', 'q2w3e4r', 'q2w3e4r5t', 'q2w3e4r5t6y', 'q2w3e4r5t6y7u'),
);
