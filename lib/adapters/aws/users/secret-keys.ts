import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type KeyRing, ModelyardError, parseKeyRing, rotateKeyRing } from '#core';
import { translated } from '../errors.ts';

interface SecretKeysOptions {
  readonly client: SecretsManagerClient;
  /** Name or ARN. */
  readonly secret: string;
}

/** The keys that sign tokens, in one secret of Secrets Manager. */
export interface SecretKeys {
  /** Rejects with `store_unavailable`, and with `internal` for a secret that has no keys. */
  load(): Promise<KeyRing>;
  /** Adds a new key. Tokens of the key before stay valid. */
  rotate(now: number): Promise<void>;
}

export function createSecretKeys({ client, secret: SecretId }: SecretKeysOptions): SecretKeys {
  async function load(): Promise<KeyRing> {
    const command = new GetSecretValueCommand({ SecretId });
    const { SecretString = '' } = await translated('store_unavailable', () => client.send(command));
    const ring = parseKeyRing(SecretString);
    if (!ring) throw new ModelyardError('internal', `The secret ${SecretId} has no signing keys.`);
    return ring;
  }

  return {
    load,
    async rotate(now) {
      const SecretString = JSON.stringify(rotateKeyRing(await load(), now));
      await translated('store_unavailable', () => client.send(new PutSecretValueCommand({ SecretId, SecretString })));
    },
  };
}
