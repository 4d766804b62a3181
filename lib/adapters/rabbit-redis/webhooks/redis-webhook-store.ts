import { type DocumentTimes, FREQUENT_LOOKS, type StoredDocument, type WebhookStore } from '#core';
import { translated } from '../errors.ts';
import { fieldsOf, readKey, replyAbout } from '../read-key.ts';
import type { RedisStoreOptions } from '../tasks/redis-task-store.ts';

/** Stores each document as a hash that expires, and the keys that are due in a sorted set. */
export class RedisWebhookStore implements WebhookStore {
  readonly pace = FREQUENT_LOOKS;
  readonly #options: Pick<RedisStoreOptions, 'link' | 'prefix'>;

  constructor(options: Pick<RedisStoreOptions, 'link' | 'prefix'>) {
    this.#options = options;
  }

  get(key: string): Promise<StoredDocument | undefined> {
    return translated('store_unavailable', async () => {
      const fields = fieldsOf(await readKey(this.#options.link, this.#nameOf(key), ['HGETALL']));
      const document = fields.get('document');
      return document && { document: String(document), version: Number(fields.get('version')) };
    });
  }

  put(key: string, { document, version }: StoredDocument, { expiresAt, dueAt }: DocumentTimes): Promise<boolean> {
    const { link } = this.#options;
    const name = this.#nameOf(key);
    return translated('store_unavailable', async () => {
      const reply = await (await link.bytes()).putWebhook({
        keys: [name, this.#queue],
        arguments: [key, String(version), document, whole(expiresAt), whole(dueAt)],
      });
      return Number(replyAbout(link, name, reply)) === 1;
    });
  }

  delete(key: string): Promise<void> {
    return translated('store_unavailable', async () => {
      const commands = (await this.#options.link.text()).multi();
      await commands.del(this.#nameOf(key)).zRem(this.#queue, key).exec();
    });
  }

  async wake(): Promise<void> {
    // Senders ask `due`.
  }

  due(now: number, limit: number): Promise<readonly string[]> {
    const range = ['-inf', String(now), 'BYSCORE', 'LIMIT', '0', String(limit)];
    return translated('store_unavailable', async () => {
      const found = await readKey(this.#options.link, this.#queue, ['ZRANGE', ...range]);
      return Array.isArray(found) ? found.map(String) : [];
    });
  }

  get #queue(): string {
    return `${this.#options.prefix}:webhooks:due`;
  }

  #nameOf(key: string): string {
    return `${this.#options.prefix}:webhooks:${key}`;
  }
}

const whole = (time: number | undefined): string => (time === undefined ? '' : String(Math.ceil(time)));
