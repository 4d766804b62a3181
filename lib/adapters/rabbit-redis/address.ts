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
