import { onTestFinished } from 'vitest';

interface Received {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Follows `GET /events`. */
export async function follow(url: string, { query = '', token = '' } = {}) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/events${query}`, { headers, signal: leaving.signal });
  const events: Received[] = [];
  const reading = read(response, events).catch(() => undefined);
  return {
    response,
    /** All events so far. */
    events,
    of: (event: string) => events.filter((one) => one.event === event).map(({ data }) => data),
    /** Resolves when the stream has ended. */
    ended: reading,
    leave: () => leaving.abort(),
  };
}

async function read({ body }: Response, events: Received[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, event, data] = /^event: (.*)\ndata: (.*)$/m.exec(block) ?? [];
      if (event !== undefined) events.push({ event, data: JSON.parse(data ?? '') });
    }
  }
}
