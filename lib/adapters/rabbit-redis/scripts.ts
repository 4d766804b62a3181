import { SERVE_TURN, TAKE_TURNS } from './queue/turns.ts';
import { redisScript } from './redis-script.ts';
import { TAKE_PLACES } from './tasks/redis-places.ts';
import { APPLY_EVENT, CREATE_TASKS, WITHDRAW_TASK } from './tasks/task-scripts.ts';
import { PUT_WEBHOOK } from './webhooks/webhook-script.ts';

/**
 * Writes a model if the stored version is the previous one. KEYS: models. ARGV: name, version, document. Returns the
 * name, and 1 if written, otherwise 0.
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
 * Writes an instance and deletes instances whose last heartbeat is too old. Uses the clock of Redis, because an
 * instance's clock may be wrong. KEYS: instances, heartbeat times. ARGV: field, document, seconds.
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

/** Runs a command that reads a key. KEYS: key. ARGV: command, its arguments. Returns the key and the reply. */
const readKey = redisScript(`#!lua flags=no-writes
return { KEYS[1], redis.call(ARGV[1], KEYS[1], unpack(ARGV, 2)) }
`);

/** All scripts. The client sends the hash of a script; it sends the source if Redis does not know the hash. */
export const SCRIPTS = {
  readKey,
  createTasks: CREATE_TASKS,
  applyEvent: APPLY_EVENT,
  withdrawTask: WITHDRAW_TASK,
  takePlaces: TAKE_PLACES,
  takeTurns: TAKE_TURNS,
  serveTurn: SERVE_TURN,
  writeModel,
  putInstance,
  putWebhook: PUT_WEBHOOK,
};
