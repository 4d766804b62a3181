import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type BlobStore, type Contract, type ContractStore, unavailable } from '#core';
import { B, type Item, readString, rowOf, S } from '../attributes.ts';
import { translated } from '../errors.ts';

/** Larger descriptor sets are stored in the blob store, because rows are limited to 400 KB. */
const MAX_INLINE_DESCRIPTOR_BYTES = 300 * 1024;

interface DynamoContractStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly blobs: BlobStore;
}

/** Contracts as rows of the registry table, one partition each. */
export class DynamoContractStore implements ContractStore {
  readonly #options: DynamoContractStoreOptions;

  constructor(options: DynamoContractStoreOptions) {
    this.#options = options;
  }

  async put(contract: Contract): Promise<void> {
    const { client, table } = this.#options;
    const item: Item = {
      ...keyOf(contract.hash),
      requestMessage: S(contract.requestMessage),
      responseMessage: S(contract.responseMessage),
      ...(await this.#storeDescriptor(contract)),
    };
    const command = new PutItemCommand({
      TableName: table,
      Item: item,
      ConditionExpression: 'attribute_not_exists(kind)',
    });
    await translated('registry_unavailable', async () => {
      try {
        await client.send(command);
      } catch (error) {
        // The row exists. Contents under a hash are equal.
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    });
  }

  async get(hash: string): Promise<Contract | undefined> {
    const { client, table } = this.#options;
    const command = new GetItemCommand({ TableName: table, Key: keyOf(hash), ConsistentRead: true });
    const response = await translated('registry_unavailable', () => client.send(command));
    const item = rowOf(keyOf(hash), response.Item);
    if (item === undefined) return undefined;
    return {
      hash,
      requestMessage: readString(item, 'requestMessage'),
      responseMessage: readString(item, 'responseMessage'),
      descriptorSet: item.descriptorSet?.B ?? (await this.#loadDescriptor(readString(item, 'descriptorBlob'))),
    };
  }

  async #storeDescriptor({ hash, descriptorSet }: Contract): Promise<Item> {
    if (descriptorSet.byteLength <= MAX_INLINE_DESCRIPTOR_BYTES) return { descriptorSet: B(descriptorSet) };
    const key = `contracts/${hash}`;
    await this.#options.blobs.put(key, descriptorSet).catch(rejectAsRegistry);
    return { descriptorBlob: S(key) };
  }

  async #loadDescriptor(key: string): Promise<Uint8Array> {
    const bytes = await this.#options.blobs.get(key).catch(rejectAsRegistry);
    if (bytes === undefined)
      throw unavailable('registry_unavailable', 'A contract is not in the blob store.', undefined);
    return bytes;
  }
}

function rejectAsRegistry(error: unknown): never {
  throw unavailable('registry_unavailable', 'The contracts cannot be reached.', error);
}

const keyOf = (hash: string): Item => ({ kind: S(`contract/${hash}`), name: S('contract') });
