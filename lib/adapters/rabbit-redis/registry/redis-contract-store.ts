import type { Contract, ContractStore } from '#core';
import { translated } from '../errors.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

interface ContractDocument {
  /** Absent in documents of earlier builds. */
  readonly hash?: string;
  readonly requestMessage: string;
  readonly responseMessage: string;
  readonly descriptorSet: string;
}

/** Contracts as JSON documents by hash. The first write wins. */
export class RedisContractStore implements ContractStore {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  put({ hash, requestMessage, responseMessage, descriptorSet }: Contract): Promise<void> {
    const document: ContractDocument = {
      hash,
      requestMessage,
      responseMessage,
      descriptorSet: Buffer.from(descriptorSet).toString('base64'),
    };
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      await client.set(this.#key(hash), JSON.stringify(document), { condition: 'NX' });
    });
  }

  get(hash: string): Promise<Contract | undefined> {
    return translated('registry_unavailable', async () => {
      const { link } = this.#options;
      const text = await (await link.text()).get(this.#key(hash));
      if (text === null) return undefined;
      const { requestMessage, responseMessage, descriptorSet, ...document } = JSON.parse(text) as ContractDocument;
      link.expectReplyAbout(hash, document.hash ?? hash);
      return { hash, requestMessage, responseMessage, descriptorSet: Buffer.from(descriptorSet, 'base64') };
    });
  }

  #key(hash: string): string {
    return `${this.#options.prefix}:contract:${hash}`;
  }
}
