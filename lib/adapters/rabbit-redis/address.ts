/** Host and port of a service, without the credentials that its URL may carry. */
export function addressOf(url: string, defaultPort: number): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || defaultPort}`;
}

/** What went wrong, as the end of a sentence. Some errors of Node's sockets have several causes and no text. */
export function sentenceOf(error: unknown): string {
  const texts = error instanceof AggregateError ? error.errors.map(String) : [];
  const text = error instanceof Error && error.message !== '' ? error.message : (texts[0] ?? 'no answer');
  return `${text.replace(/^(?:\w*Error|undefined): /, '').replace(/\.$/, '')}.`;
}
