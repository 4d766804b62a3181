/** One server-sent event. `data` is the parsed JSON. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly data: unknown;
}

/** The whole events of an answer, in the groups in which they arrive. */
export async function* serverSentEvents({ body }: Response): AsyncGenerator<readonly ServerSentEvent[]> {
  if (!body) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
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
