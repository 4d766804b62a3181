import { expect, it } from 'vitest';
import { contractOf, loadContract, typesOf } from '#contract';
import type { HttpClient } from '#runtime/backends/http/http-client.ts';
import { kserveProtocol } from '#runtime/backends/http/kserve.ts';
import type { Predict } from '#runtime/backends/http/protocols.ts';
import { FixedResponse } from '#test/fixtures/proto/gen/models/fixed.ts';
import { ShapesRequest } from '#test/fixtures/proto/gen/models/shapes.ts';

type Context = Parameters<Predict>[1];
const { signal } = new AbortController();
const COUNT = { name: 'count', datatype: 'INT64', shape: [-1] };

/** Sends one request to a server that gives this answer. Resolves with what was sent. */
async function send(count: bigint, answer: unknown): Promise<string> {
  let sent = '';
  const client = {
    untilReady: async () => undefined,
    call: async () => ({ status: 200, body: Buffer.from(JSON.stringify({ inputs: [COUNT] })) }),
    async predict({ body }: { readonly body: Uint8Array }) {
      sent = Buffer.from(body).toString();
      return Buffer.from(JSON.stringify(answer));
    },
  } as unknown as HttpClient;
  const contract = contractOf(ShapesRequest, FixedResponse);
  const manifest = { name: 'shapes', description: 'A test.' };
  const protocol = kserveProtocol({
    folder: { manifest, request: ShapesRequest, response: FixedResponse },
    source: { protocol: 'kserve', port: 8080 },
    codec: await loadContract(contract),
    types: typesOf(contract),
  });
  const predict = await protocol.connect(client, signal);
  const context = { taskId: 'task', signal, trace: undefined, reportUrl: '' } as unknown as Context;
  await predict(ShapesRequest.encode({ count }), context);
  return sent;
}

it('sends integers of 64 bits with all of their digits', async () => {
  const sent = await send(2n ** 53n + 1n, { outputs: [] });

  expect(sent).toContain('"datatype":"INT64","data":[9007199254740993]');
});

it.each([
  [null, 'JSON object'],
  [[], 'JSON object'],
  [{}, '`outputs`'],
  [{ outputs: [{ name: 'sum', data: 1 }] }, '`outputs`'],
])('says what is missing in the answer %j', async (answer, missing) => {
  await expect(send(1n, answer)).rejects.toThrow(
    expect.objectContaining({ code: 'container_failed', message: expect.stringContaining(missing) }),
  );
});
