/** One server-sent event. `data` is the parsed JSON. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly data: unknown;
}

/** The API sends at least a comment every 15 seconds. A connection without is dead, though nothing has closed it. */
const SILENCE_MS = 40_000;

/** The whole events of an answer, in the groups in which they arrive. Ends when nothing has come for a while. */
export async function* serverSentEvents({ body }: Response): AsyncGenerator<readonly ServerSentEvent[]> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const timer = setTimeout(() => void reader.cancel().catch(() => undefined), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      const blocks = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = blocks.pop() ?? '';
      yield blocks.flatMap((block) => parse(block) ?? []);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): ServerSentEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const at = line.indexOf(': ');
      return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  const data = fields.get('data');
  return data === undefined ? undefined : { id: fields.get('id'), name: fields.get('event'), data: JSON.parse(data) };
}
