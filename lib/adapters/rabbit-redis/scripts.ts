import { redisScript } from './redis-script.ts';
import { APPLY_EVENT, CREATE_TASK, WITHDRAW_TASK } from './tasks/task-scripts.ts';

/**
 * Writes a model if the stored version is the one before. KEYS: models. ARGV: name, version, document. Answers with the
 * name and 1, or 0 when it wrote nothing.
 */
const writeModel = redisScript(`
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if stored then version = cjson.decode(stored).version end
if version ~= tonumber(ARGV[2]) - 1 then return { ARGV[1], 0 } end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return { ARGV[1], 1 }
`);

/**
 * Keeps an instance, and deletes those whose last heartbeat is long ago, by the clock of Redis: an instance's own may be
 * wrong. KEYS: instances, times of their heartbeats. ARGV: field, document, seconds.
 */
const putInstance = redisScript(`
local now = tonumber(redis.call('TIME')[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now, ARGV[1])
for _, field in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3], 'LIMIT', 0, 100)) do
  redis.call('HDEL', KEYS[1], field)
  redis.call('ZREM', KEYS[2], field)
end
return 1
`);

/** Keeps a new user unless the key is taken. KEYS: user. ARGV: id, then the fields. Answers with the id and 1, or 0. */
const createUser = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return { ARGV[1], 0 } end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return { ARGV[1], 1 }
`);

/**
 * Changes a user if the stored version is the one before. KEYS: user. ARGV: id, version before, fields that change.
 * Answers with the id and 1, or 0.
 */
const updateUser = redisScript(`
local id, version = unpack(redis.call('HMGET', KEYS[1], 'id', 'version'))
if id ~= ARGV[1] or version ~= ARGV[2] then return { ARGV[1], 0 } end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
return { ARGV[1], 1 }
`);

/**
 * Records calls of one owner. KEYS: calls of the owner. ARGV: the time up to which calls have expired, how many are
 * kept, for how many milliseconds, then times and calls.
 */
const appendCalls = redisScript(`
redis.call('ZADD', KEYS[1], unpack(ARGV, 4))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`);

/** Runs a command that reads a key. KEYS: key. ARGV: command, its arguments after the key. Answers with the key and the reply. */
const readKey = redisScript(`#!lua flags=no-writes
return { KEYS[1], redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2)) }
`);

/** The scripts of all stores. The client sends the hash of a script, and its source to a Redis that does not know it. */
export const SCRIPTS = {
  readKey,
  createTask: CREATE_TASK,
  applyEvent: APPLY_EVENT,
  withdrawTask: WITHDRAW_TASK,
  writeModel,
  putInstance,
  createUser,
  updateUser,
  appendCalls,
};
