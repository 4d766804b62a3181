import {
  type Contract,
  type ContractStore,
  type Instance,
  isInstance,
  isModel,
  type Model,
  type ModelRegistry,
  type RegistrySnapshot,
} from '#core';
import { translated } from '../errors.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

/** Age of the last heartbeat at which an instance is deleted. Readers compare `expiresAt` before. */
const GARBAGE_AFTER_SECONDS = 600;

interface RowKind<Row> {
  readonly isRow: (row: unknown) => row is Row;
  /** Whether a row belongs to the other hash. */
  readonly isOther: (row: unknown) => boolean;
  readonly fieldOf: (row: Row) => string;
}

/** Stores models and instances as JSON documents in two hashes. A snapshot is one round trip. */
export class RedisModelRegistry implements ModelRegistry {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  readModel(name: string): Promise<Model | undefined> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const model = parse((await client.hGet(this.#models, name)) ?? '');
      if (!isModel(model)) return undefined;
      this.#options.link.expectReplyAbout(name, model.name);
      return model;
    });
  }

  writeModel(model: Model): Promise<boolean> {
    return translated('registry_unavailable', async () => {
      const { link } = this.#options;
      const call = { keys: [this.#models], arguments: [model.name, String(model.version), JSON.stringify(model)] };
      const [name, written] = (await (await link.text()).writeModel(call)) as readonly [string, number];
      link.expectReplyAbout(model.name, name);
      return written === 1;
    });
  }

  putInstance(instance: Instance): Promise<void> {
    return translated('registry_unavailable', async () => {
      await (await this.#options.link.text()).putInstance({
        keys: [this.#instances, this.#heard],
        arguments: [fieldOfInstance(instance), JSON.stringify(instance), String(GARBAGE_AFTER_SECONDS)],
      });
    });
  }

  removeInstance(model: string, id: string): Promise<void> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const field = fieldOfInstance({ model, id });
      await Promise.all([client.hDel(this.#instances, field), client.zRem(this.#heard, field)]);
    });
  }

  snapshot(): Promise<RegistrySnapshot> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const [models, instances] = await Promise.all([client.hGetAll(this.#models), client.hGetAll(this.#instances)]);
      return {
        models: this.#rowsOf(models, { isRow: isModel, isOther: isInstance, fieldOf: ({ name }) => name }),
        instances: this.#rowsOf(instances, { isRow: isInstance, isOther: isModel, fieldOf: fieldOfInstance }),
      };
    });
  }

  /** Skips malformed rows. */
  #rowsOf<Row>(hash: Readonly<Record<string, string>>, { isRow, isOther, fieldOf }: RowKind<Row>): Row[] {
    return Object.entries(hash).flatMap(([field, text]) => {
      const row = parse(text);
      if (isRow(row)) this.#options.link.expectReplyAbout(field, fieldOf(row));
      else if (isOther(row)) this.#options.link.expectReplyAbout(field, 'rows of another hash');
      return isRow(row) ? [row] : [];
    });
  }

  get #models(): string {
    return `${this.#options.prefix}:models`;
  }

  get #instances(): string {
    return `${this.#options.prefix}:instances`;
  }

  get #heard(): string {
    return `${this.#options.prefix}:instances-heard`;
  }
}

const fieldOfInstance = ({ model, id }: Pick<Instance, 'model' | 'id'>): string => `${model}/${id}`;

/** Undefined for a malformed document. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Recovery: one malformed row must not hide all others.
    return undefined;
  }
}

interface ContractDocument {
  /** Absent in documents of earlier builds. */
  readonly hash?: string;
  readonly requestMessage: string;
  readonly responseMessage: string;
  readonly descriptorSet: string;
}

/** Stores contracts as JSON documents by hash. The first write wins. */
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
