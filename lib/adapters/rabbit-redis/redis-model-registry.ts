import type { Instance, Model, ModelRegistry, RegistrySnapshot } from '#core';
import { isAlive } from '#core';
import { translated } from './errors.ts';
import { redisScript, runScript } from './redis-script.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';

/** Writes a model if the stored version is the one before. KEYS: models. ARGV: name, version, document. */
const WRITE_MODEL = redisScript(`
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if stored then version = cjson.decode(stored).version end
if version ~= tonumber(ARGV[2]) - 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`);

/** Rows of instances whose last heartbeat is this old are deleted; before that, readers compare. */
const GARBAGE_AFTER_MS = 10 * 60_000;

/** Models and instances as JSON documents in two hashes, so that a snapshot is one round trip. */
export class RedisModelRegistry implements ModelRegistry {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  readModel(name: string): Promise<Model | undefined> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      return document<Model>(await client.hGet(this.#models, name));
    });
  }

  writeModel(model: Model): Promise<boolean> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.bytes();
      const call = { keys: [this.#models], arguments: [model.name, String(model.version), JSON.stringify(model)] };
      return (await runScript(client, WRITE_MODEL, call)) === 1;
    });
  }

  putInstance(instance: Instance): Promise<void> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      await client.hSet(this.#instances, fieldOf(instance.model, instance.id), JSON.stringify(instance));
    });
  }

  removeInstance(model: string, id: string): Promise<void> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      await client.hDel(this.#instances, fieldOf(model, id));
    });
  }

  snapshot(): Promise<RegistrySnapshot> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const [models, instances] = await Promise.all([client.hVals(this.#models), client.hVals(this.#instances)]);
      const registered = instances.map((text) => JSON.parse(text) as Instance);
      const now = this.#options.clock.now();
      await this.#forget(registered.filter(({ expiresAt }) => expiresAt < now - GARBAGE_AFTER_MS));
      return {
        models: models.map((text) => JSON.parse(text) as Model),
        instances: registered.filter((instance) => isAlive(instance, now)),
      };
    });
  }

  async #forget(instances: readonly Instance[]): Promise<void> {
    if (instances.length === 0) return;
    const client = await this.#options.link.text();
    await client.hDel(
      this.#instances,
      instances.map(({ model, id }) => fieldOf(model, id)),
    );
  }

  get #models(): string {
    return `${this.#options.prefix}:models`;
  }

  get #instances(): string {
    return `${this.#options.prefix}:instances`;
  }
}

const fieldOf = (model: string, id: string): string => `${model}/${id}`;

/** Only this file writes these documents, so what is in them is what was put there. */
const document = <T>(text: string | null): T | undefined => (text === null ? undefined : (JSON.parse(text) as T));
