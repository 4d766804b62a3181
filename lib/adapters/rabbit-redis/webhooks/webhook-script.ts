import { redisScript } from '../redis-script.ts';

/**
 * Writes a document if the stored version is the previous one, and its place in the queue. KEYS: document, queue. ARGV:
 * key, version, document, expiry or '', due time or ''. Returns the first key, and 1 if written, otherwise 0.
 */
export const PUT_WEBHOOK = redisScript(`
if tonumber(redis.call('HGET', KEYS[1], 'version') or 0) ~= tonumber(ARGV[2]) - 1 then return { KEYS[1], 0 } end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'document', ARGV[3])
if ARGV[4] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIREAT', KEYS[1], ARGV[4]) end
if ARGV[5] == '' then redis.call('ZREM', KEYS[2], ARGV[1]) else redis.call('ZADD', KEYS[2], ARGV[5], ARGV[1]) end
return { KEYS[1], 1 }
`);
