import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis';
import { ModelyardError, UNREACHABLE, type Unavailable, unavailable } from '#core';

/** What Redis says about itself rather than about the command: the same command may succeed later. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS|OOM)\b/;

/** The service did not do what it was asked, as far as we know; asking again may help. */
export const away = (code: Unavailable, cause: unknown, message = UNREACHABLE[code]): ModelyardError =>
  unavailable(code, message, cause);

/** Neither client gives up on a connection that the network has swallowed before the kernel does, after many minutes. */
const ANSWER_WITHIN_MS = 10_000;

/**
 * Runs calls of a client; whatever they throw becomes one of our errors, with what the client said as its cause.
 * No answer within ten seconds is an error, too.
 */
export function translated<T>(code: Unavailable, call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      clearTimeout(timer);
      reject(error instanceof ModelyardError ? error : toModelyardError(code, error));
    };
    const tooLate = () => refuse(new Error(`No answer within ${ANSWER_WITHIN_MS} ms.`));
    const timer = setTimeout(tooLate, ANSWER_WITHIN_MS);
    call().then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, refuse);
  });
}

/** Whether Redis may have executed the command: it was sent, and its reply is not known. */
export function mayBeDone(error: unknown): boolean {
  if (!(error instanceof ModelyardError)) return false;
  return ![ErrorReply, ClientOfflineError, ClientClosedError].some((known) => error.cause instanceof known);
}

function toModelyardError(code: Unavailable, error: unknown): ModelyardError {
  if (!(error instanceof ErrorReply)) return away(code, error);
  if (error.message.startsWith('OOM')) return away(code, error, 'Redis has no memory left and takes no writes.');
  if (PASSING.test(error.message)) return away(code, error);
  return new ModelyardError(code, UNREACHABLE[code], { cause: error });
}

/** Host and port of a service, without the credentials that its URL may carry. */
export function addressOf(url: string, defaultPort: number): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || defaultPort}`;
}

/** A service by its name and its address, for sentences. */
export interface Service {
  readonly name: string;
  readonly address: string;
}

/** What servers say to those whom no waiting helps, and what it means. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/ACCESS_REFUSED|WRONGPASS/, 'refuses this user name or this password'],
  [/NOAUTH/, 'wants a password'],
  [/NOT_ALLOWED.*vhost/, 'has no virtual host of this name for this user'],
  [/DB index is out of range/, 'has no database of this number'],
];

const refusalIn = (error: unknown): string | undefined =>
  error instanceof Error ? REFUSALS.find(([pattern]) => pattern.test(error.message))?.[1] : undefined;

/** Wrong credentials do not become right by waiting. */
export const isHopeless = (error: unknown): boolean => refusalIn(error) !== undefined;

/** Why a service cannot be used, in one sentence without credentials. */
export function troubleWith({ name, address }: Service, error: unknown): string {
  const refusal = refusalIn(error);
  if (refusal !== undefined) return `${name} at ${address} ${refusal}.`;
  return `${name} at ${address} cannot be reached: ${sentenceOf(error)}`;
}

/** What went wrong, as the end of a sentence. Some errors of Node's sockets have several causes and no text. */
function sentenceOf(error: unknown): string {
  const texts = error instanceof AggregateError ? error.errors.map(String) : [];
  const text = error instanceof Error && error.message !== '' ? error.message : (texts[0] ?? 'no answer');
  return `${text.replace(/^(?:\w*Error|undefined): /, '').replace(/[\s.:]+$/, '')}.`;
}
