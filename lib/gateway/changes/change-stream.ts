import type { Clock } from '#core';
import type { Change, Follower, Topic } from './topic.ts';

/** Interval of comments in a stream without events: proxies close idle connections. */
const HEARTBEAT_MS = 15_000;
/** A client connects again after it, so that the rights of its user are checked again. */
const MAX_STREAM_MS = 5 * 60_000;
/** Changes that wait for a client. One that is slower loses its connection and reads the lists again. */
const MAX_WAITING = 5000;
/** Changes come in groups, so that a page draws once for all of them. */
const GROUP_MS = 50;

interface Streaming {
  readonly topics: readonly Topic[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly close: () => void;
}

/**
 * The changes of topics as server-sent events, until the client leaves or is too slow. Rejects when a topic cannot be
 * read. The first event is `open`: a list that is read after it misses no change.
 */
export async function openChanges({ topics, clock, signal, close }: Streaming): Promise<AsyncGenerator<string>> {
  const waiting = new Map<string, Change>();
  const ends = new AbortController();
  const end = () => ends.abort();
  let wake: AbortController | undefined;
  const follower: Follower = {
    changed(key, change) {
      waiting.set(key, change);
      if (waiting.size > MAX_WAITING) end();
      wake?.abort();
    },
    failed: end,
  };
  const leave = () => {
    for (const topic of topics) topic.leave(follower);
    signal.removeEventListener('abort', end);
    signal.removeEventListener('abort', leave);
    close();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  ends.signal.addEventListener('abort', () => wake?.abort(), { once: true });
  try {
    await Promise.all(topics.map((topic) => topic.follow(follower)));
  } catch (error) {
    leave();
    throw error;
  }

  // A client that has left before the stream begins does not run its end.
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();

  async function pause(ms: number): Promise<void> {
    wake = new AbortController();
    if (waiting.size > 0 || ends.signal.aborted) return;
    await clock.sleep(ms, wake.signal);
  }

  async function* changes(): AsyncGenerator<string> {
    const endsAt = clock.now() + MAX_STREAM_MS;
    try {
      yield 'retry: 1000\n\nevent: open\ndata: {}\n\n';
      while (!ends.signal.aborted && clock.now() < endsAt) {
        await pause(HEARTBEAT_MS);
        if (ends.signal.aborted) return;
        const texts = [...waiting.values()].map(({ event, data }) => `event: ${event}\ndata: ${data}\n\n`);
        waiting.clear();
        yield texts.length > 0 ? texts.join('') : ':\n\n';
        await clock.sleep(GROUP_MS, ends.signal);
      }
    } finally {
      leave();
    }
  }
  return changes();
}
