import { type Instance, isInstance, isModel, type Model, type ModelRegistry, type RegistrySnapshot } from '#core';
import { translated } from '../errors.ts';
import { redisScript, runScript } from '../redis-script.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

/** Writes a model if the stored version is the one before. KEYS: models. ARGV: name, version, document. */
const WRITE_MODEL = redisScript(`
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if stored then version = cjson.decode(stored).version end
if version ~= tonumber(ARGV[2]) - 1 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
`);

/**
 * Keeps an instance, and forgets those that were not heard of for long, by the clock of Redis: an instance's
 * own may be wrong. KEYS: instances, when they were heard of. ARGV: field, document, seconds.
 */
const PUT_INSTANCE = redisScript(`
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
for _, field in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3], 'LIMIT', 0, 100)) do
  redis.call('HDEL', KEYS[1], field)
  redis.call('ZREM', KEYS[2], field)
end
return 1
`);

/** What is left of instances that died is deleted after so long; before that, readers compare. */
const GARBAGE_AFTER_SECONDS = 600;

/** Models and instances as JSON documents in two hashes, so that a snapshot is one round trip. */
export class RedisModelRegistry implements ModelRegistry {
  readonly #options: RedisStoreOptions;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
  }

  readModel(name: string): Promise<Model | undefined> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const model = parse((await client.hGet(this.#models, name)) ?? '');
      return isModel(model) ? model : undefined;
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
      await runScript(await this.#options.link.bytes(), PUT_INSTANCE, {
        keys: [this.#instances, this.#heard],
        arguments: [fieldOf(instance.model, instance.id), JSON.stringify(instance), String(GARBAGE_AFTER_SECONDS)],
      });
    });
  }

  removeInstance(model: string, id: string): Promise<void> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const field = fieldOf(model, id);
      await Promise.all([client.hDel(this.#instances, field), client.zRem(this.#heard, field)]);
    });
  }

  snapshot(): Promise<RegistrySnapshot> {
    return translated('registry_unavailable', async () => {
      const client = await this.#options.link.text();
      const [models, instances] = await Promise.all([client.hVals(this.#models), client.hVals(this.#instances)]);
      return { models: models.map(parse).filter(isModel), instances: instances.map(parse).filter(isInstance) };
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

const fieldOf = (model: string, id: string): string => `${model}/${id}`;

/** What a row says; undefined for one that was not written here. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Recovery: one row that cannot be read must not hide all others.
    return undefined;
  }
}
