import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSecretKeys, createSecretsClient } from '#adapters/aws/index.ts';
import { listenOnFreePort } from '#test/support/listen.ts';

/** A secret behind the protocol of Secrets Manager. */
async function aSecret(text: string) {
  const kept = { text };
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (operation === 'PutSecretValue') kept.text = input.SecretString;
    response.writeHead(input.SecretId === 'keys' ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(
      JSON.stringify(input.SecretId === 'keys' ? { SecretString: kept.text } : { __type: 'ResourceNotFoundException' }),
    );
  });
  const secrets = await listenOnFreePort(server);
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = createSecretsClient({ region: 'us-east-1', credentials, endpoints: { secrets } });
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { kept, keys: (secret = 'keys') => createSecretKeys({ client, secret }) };
}

const SEED = JSON.stringify({ seed: 'r'.repeat(64) });

describe('the secret with the signing keys', () => {
  it('has a key from the seed that the stack has made, the same for every reader', async () => {
    const { keys } = await aSecret(SEED);

    const [one, other] = [await keys().load(), await keys().load()];

    expect(one).toEqual(other);
    expect(one.keys).toEqual([expect.objectContaining({ kty: 'OKP', crv: 'Ed25519', signsFrom: 0 })]);
  });

  it('gets another key by a rotation and keeps the one before', async () => {
    const { keys, kept } = await aSecret(SEED);
    const before = await keys().load();

    await keys().rotate(1000);

    const after = await keys().load();
    expect(after.keys.map(({ kid }) => kid)).toEqual([expect.any(String), before.keys[0]?.kid]);
    expect(after.keys[0]?.kid).not.toBe(before.keys[0]?.kid);
    expect(kept.text).not.toContain('seed');
  });

  it.each(['', '{}', '{"seed":"short"}', '{"keys":[]}', 'secret'])(
    'is refused when it holds «%s», which the sentence does not tell',
    async (text) => {
      const { keys } = await aSecret(text);

      await expect(keys().load()).rejects.toThrow('The secret keys has no signing keys.');
    },
  );

  it('is unavailable when it is not there', async () => {
    const { keys } = await aSecret(SEED);

    await expect(keys('other').load()).rejects.toMatchObject({ code: 'store_unavailable', retryable: false });
  });
});
