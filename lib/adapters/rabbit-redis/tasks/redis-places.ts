import { CHEAP_LOOK_MS, type PlaceStore, readPlace } from '#core';
import { translated } from '../errors.ts';
import { fieldsOf, readKey, replyAbout } from '../read-key.ts';
import { redisScript } from '../redis-script.ts';
import type { RedisStoreOptions } from './redis-task-store.ts';

/** Kept longer than any task waits. */
const KEPT_MS = 15 * 24 * 3600 * 1000;

/** Adds places if all fit. KEYS: places. ARGV: maximum, lifetime, then score and member of each. */
export const TAKE_PLACES = redisScript(`
local added = (#ARGV - 2) / 2
if redis.call('ZSCORE', KEYS[1], ARGV[4]) then return { KEYS[1], 1 } end
if redis.call('ZCARD', KEYS[1]) + added > tonumber(ARGV[1]) then return { KEYS[1], 0 } end
for i = 3, #ARGV, 2 do redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { KEYS[1], 1 }
`);

/** Stores the places of each model as a sorted set, by the time at which they were taken. */
export function redisPlaces({ link, prefix }: Pick<RedisStoreOptions, 'link' | 'prefix'>): PlaceStore {
  const keyOf = (model: string) => `${prefix}:places:${model}`;
  return {
    lookMs: CHEAP_LOOK_MS,
    take: (model, places, max) =>
      translated('store_unavailable', async () => {
        const key = keyOf(model);
        const members = places.flatMap(({ at, key: member }) => [String(at), member]);
        const call = { keys: [key], arguments: [String(max), String(KEPT_MS), ...members] };
        return Number(replyAbout(link, key, await (await link.bytes()).takePlaces(call))) === 1;
      }),
    async free(model, places) {
      await translated('store_unavailable', async () =>
        (await link.text()).zRem(
          keyOf(model),
          places.map(({ key }) => key),
        ),
      );
    },
    oldest: (model, _max, limit) =>
      translated('store_unavailable', async () => {
        const members = await readKey(link, keyOf(model), ['ZRANGE', '0', String(limit - 1), 'WITHSCORES']);
        return [...fieldsOf(members).keys()].map(readPlace);
      }),
  };
}
