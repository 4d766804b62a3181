import { describe, expect, it, onTestFinished } from 'vitest';
import { createTranscoder, JSON_TYPE, type JsonText, PROTOBUF_TYPE, type RawJson } from '#api';
import { contractOf } from '#contract';
import { TranscodingPool } from '#gateway/transcoding-pool.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';

const CONTRACT = contractOf(ModelARequest, ModelAResponse);
/** Long enough to be given to a thread. */
const TEXT = 'x'.repeat(200_000);
const here = createTranscoder();

function newPool(threads = 1) {
  const pool = new TranscodingPool(threads);
  onTestFinished(() => pool[Symbol.asyncDispose]());
  return pool;
}

const textOf = (text: JsonText): string => (typeof text === 'string' ? text : Buffer.concat(text).toString());
const bodyOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

describe('a pool of transcoding threads', () => {
  it('makes the same bytes of a large body, which its caller keeps', async () => {
    const { transcoder } = newPool();
    const body = bodyOf({ data: TEXT, context: { attributes: { a: 'b' } } });

    const encoded = await transcoder.encodeRequest(CONTRACT, JSON_TYPE, body);

    expect(Buffer.from(encoded)).toEqual(Buffer.from(await here.encodeRequest(CONTRACT, JSON_TYPE, body)));
    expect(body.toString()).toContain(TEXT);
  });

  it('gives protobuf back as it came', async () => {
    const { transcoder } = newPool();
    const body = ModelARequest.encode({ data: TEXT });

    expect(await transcoder.encodeRequest(CONTRACT, PROTOBUF_TYPE, body)).toEqual(body);
  });

  it('makes the same JSON of a large message, in pieces', async () => {
    const { transcoder } = newPool();
    const message = ModelAResponse.encode({ message: TEXT });

    const { text } = await transcoder.responseJson(CONTRACT, message);

    expect(text).not.toBeTypeOf('string');
    expect(textOf(text)).toBe(JSON.stringify({ message: TEXT }));
  });

  it('makes JSON of a small message elsewhere when it turns out to be large', async () => {
    const { transcoder } = newPool();
    const empty = ModelARequest.encode({ messages: [{ role: 0, text: '' }] });
    const message = Buffer.concat(Array.from({ length: 20_000 }, () => empty));

    const { text } = await transcoder.requestJson(CONTRACT, message);

    expect(message.length).toBeLessThan(64 * 1024);
    expect(JSON.parse(textOf(text)).messages).toHaveLength(20_000);
  });

  it('makes numbers of a large response, and names its variant', async () => {
    const { transcoder } = newPool();

    const { prediction } = await transcoder.flatResponse(CONTRACT, ModelAResponse.encode({ message: TEXT }));

    expect(JSON.parse(textOf(prediction.text))).toEqual([{ message: TEXT }]);
  });

  it.each([
    ['unreadable_body', JSON_TYPE, Buffer.from(`{"data":"${TEXT}"`)],
    ['unreadable_body', PROTOBUF_TYPE, Buffer.from(`\u0000${TEXT}`)],
    ['invalid_input', JSON_TYPE, bodyOf({ data: TEXT, more: 1 })],
  ] as const)('refuses a large body as a small one is refused: %s', async (code, type, body) => {
    const { transcoder } = newPool();

    const [elsewhere, direct] = await Promise.allSettled([
      transcoder.encodeRequest(CONTRACT, type, body),
      here.encodeRequest(CONTRACT, type, body),
    ]);

    expect(elsewhere).toMatchObject({ reason: { name: 'ModelyardError', code } });
    const { message, errors } = (direct as PromiseRejectedResult).reason;
    expect(elsewhere).toMatchObject({ reason: { message, errors } });
  });

  it('refuses what is too large as JSON, and goes on', async () => {
    const { transcoder } = newPool();
    const empty = ModelARequest.encode({ messages: [{ role: 0, text: '' }] });
    const message = Buffer.concat(Array.from({ length: 2_500_000 }, () => empty));

    await expect(transcoder.requestJson(CONTRACT, message)).rejects.toMatchObject({ code: 'not_acceptable' });
    await expect(transcoder.encodeRequest(CONTRACT, JSON_TYPE, bodyOf({ data: TEXT }))).resolves.toBeInstanceOf(
      Uint8Array,
    );
  });

  it('works off what is more than it has threads, in turn', async () => {
    const { transcoder } = newPool(2);
    const texts = Array.from({ length: 12 }, (_, i) => String(i).repeat(100_000));

    const answers = await Promise.all(
      texts.map((message) => transcoder.responseJson(CONTRACT, ModelAResponse.encode({ message }))),
    );

    expect(answers.map(({ text }: RawJson) => JSON.parse(textOf(text)).message)).toEqual(texts);
  });

  it('rejects what is left when it is closed', async () => {
    const pool = new TranscodingPool(1);
    const left = [TEXT, TEXT].map((data) => pool.transcoder.encodeRequest(CONTRACT, JSON_TYPE, bodyOf({ data })));
    const settled = Promise.allSettled(left);
    // Once each has been looked at and found too large for this thread.
    await new Promise(setImmediate);

    await pool[Symbol.asyncDispose]();

    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
