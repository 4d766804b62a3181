import { CANCEL_MARK_SECONDS, type CancelMarks, CHEAP_CANCEL_PACE } from '#core';
import { translated } from '../errors.ts';
import { readKey } from '../read-key.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';

/** Stores the mark of each model as a string that expires. */
export function redisCancelMarks({ link, prefix }: Pick<RedisStoreOptions, 'link' | 'prefix'>): CancelMarks {
  const keyOf = (model: string) => `${prefix}:canceled:${model}`;
  return {
    ...CHEAP_CANCEL_PACE,
    put: (model, mark) =>
      translated('store_unavailable', async () => {
        await (await link.text()).set(keyOf(model), mark, { expiration: { type: 'EX', value: CANCEL_MARK_SECONDS } });
      }),
    get: (model) =>
      translated('store_unavailable', async () => (await readKey(link, keyOf(model), ['GET']))?.toString()),
  };
}
