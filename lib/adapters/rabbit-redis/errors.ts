import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis';
import { ModelyardError, UNREACHABLE, type Unavailable, unavailable } from '#core';

/** Errors of the state of Redis, not of the command. The same command may succeed later. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|OOM)\b/;

/** A retryable error. The command may have been executed. */
export const away = (code: Unavailable, cause: unknown, message = UNREACHABLE[code]): ModelyardError =>
  unavailable(code, message, cause);

/** Both clients detect a dead connection only after minutes, when the kernel does. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Runs calls of a client. Translates every error; the cause is the original one. No response within `ANSWER_WITHIN_MS`
 * is an error too.
 */
export function translated<T>(code: Unavailable, call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      clearTimeout(timer);
      reject(error instanceof ModelyardError ? error : toModelyardError(code, error));
    };
    const tooLate = () => refuse(new Error(`No response within ${ANSWER_WITHIN_MS} ms.`));
    const timer = setTimeout(tooLate, ANSWER_WITHIN_MS);
    call().then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, refuse);
  });
}

/** Whether Redis may have executed the command: it was sent, and its reply was lost. */
export function mayBeDone(error: unknown): boolean {
  if (!(error instanceof ModelyardError)) return false;
  return ![ErrorReply, ClientOfflineError, ClientClosedError].some((known) => error.cause instanceof known);
}

function toModelyardError(code: Unavailable, error: unknown): ModelyardError {
  if (!(error instanceof ErrorReply)) return away(code, error);
  if (error.message.startsWith('OOM')) return away(code, error, 'Redis is out of memory and accepts no writes.');
  if (PASSING.test(error.message)) return away(code, error);
  return new ModelyardError(code, UNREACHABLE[code], { cause: error });
}

/** Host and port of a service. Omits the credentials in its URL. */
export function addressOf(url: string, defaultPort: number): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || defaultPort}`;
}

/** Name and address of a service, for messages. */
export interface Service {
  readonly name: string;
  readonly address: string;
}

/** Permanent errors of servers, with their explanation. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/ACCESS_REFUSED|WRONGPASS/, 'refuses this user name or this password'],
  [/NOAUTH/, 'requires a password'],
  [/NOT_ALLOWED.*vhost/, 'has no virtual host of this name for this user'],
  [/DB index is out of range/, 'has no database of this number'],
];

const refusalIn = (error: unknown): string | undefined =>
  error instanceof Error ? REFUSALS.find(([pattern]) => pattern.test(error.message))?.[1] : undefined;

/** Whether no retry can succeed, for example with wrong credentials. */
export const isHopeless = (error: unknown): boolean => refusalIn(error) !== undefined;

/** One sentence about why a service cannot be used, without credentials. */
export function troubleWith({ name, address }: Service, error: unknown): string {
  const refusal = refusalIn(error);
  if (refusal !== undefined) return `${name} at ${address} ${refusal}.`;
  return `${name} at ${address} cannot be reached: ${sentenceOf(error)}`;
}

/** The end of a sentence. Some socket errors of Node have several causes and no message. */
function sentenceOf(error: unknown): string {
  const texts = error instanceof AggregateError ? error.errors.map(String) : [];
  const text = error instanceof Error && error.message !== '' ? error.message : (texts[0] ?? 'no answer');
  return `${text.replace(/^(?:\w*Error|undefined): /, '').replace(/[\s.:]+$/, '')}.`;
}
