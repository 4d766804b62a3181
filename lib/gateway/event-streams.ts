import type { OpenedStream } from '#api';
import { LOCAL_PRINCIPAL, ModelyardError, type Principal } from '#core';

/** Limits of open streams in one gateway. */
export interface StreamLimits {
  /** @default 2,000 */
  readonly total?: number;
  /** Streams of one user. The local user, with `AUTH=none`, may have `total`. @default 100 */
  readonly perUser?: number;
  /** Interval of checks whether the caller is still let in. @default 25,000 */
  readonly recheckMs?: number;
}

/** The open streams of a gateway. They count against limits of their own, because they stay open for long. */
export class EventStreams {
  readonly #total: number;
  readonly #perUser: number;
  readonly #open = new Map<string, Set<AbortController>>();
  readonly #recheckMs: number;
  #count = 0;
  #isClosed = false;

  constructor({ total = 2000, perUser = 100, recheckMs = 25_000 }: StreamLimits = {}) {
    this.#recheckMs = recheckMs;
    this.#total = total;
    this.#perUser = perUser;
  }

  /**
   * Opens a stream of a caller that ends when `gone` aborts, or `authenticate` refuses the caller or resolves with another
   * role: a stream shows what the role at its start may see. Throws `too_many_requests`.
   */
  open(
    { id, role }: Pick<Principal, 'id' | 'role'>,
    gone: AbortSignal,
    authenticate?: () => Promise<Pick<Principal, 'role'> | undefined>,
  ): OpenedStream {
    const limit = id === LOCAL_PRINCIPAL.id ? this.#total : this.#perUser;
    const own = this.#open.get(id) ?? new Set<AbortController>();
    if (own.size >= limit || this.#count >= this.#total) throw tooMany(Math.min(limit, this.#total));
    this.#open.set(id, own);
    const stream = new AbortController();
    const stop = () => stream.abort();
    own.add(stream);
    this.#count += 1;
    async function recheck(): Promise<void> {
      try {
        const now = await authenticate?.();
        if (now && now.role !== role) stop();
      } catch (error) {
        if (isRefusal(error)) stop();
      }
    }
    const timer = setInterval(() => void recheck(), this.#recheckMs).unref();
    const close = () => {
      if (!own.delete(stream)) return;
      clearInterval(timer);
      this.#count -= 1;
      gone.removeEventListener('abort', leave);
      if (own.size === 0) this.#open.delete(id);
    };
    // Whoever leaves before the stream has begun does not run its end.
    function leave(): void {
      stop();
      close();
    }
    gone.addEventListener('abort', leave, { once: true });
    if (gone.aborted) leave();
    if (this.#isClosed) stop();
    return { signal: stream.signal, close };
  }

  /** Ends all streams, and later ones at once. Clients reconnect to another gateway. */
  close(): void {
    this.#isClosed = true;
    for (const own of this.#open.values()) for (const stream of own) stream.abort();
  }
}

/** A store that is away refuses nobody. */
const isRefusal = (error: unknown): boolean => error instanceof ModelyardError && error.code === 'unauthenticated';

const tooMany = (limit: number): ModelyardError =>
  new ModelyardError('too_many_requests', `At most ${limit} event streams may be open at once. Close one, or retry.`, {
    retryable: true,
    retryAfterSeconds: 5,
  });
