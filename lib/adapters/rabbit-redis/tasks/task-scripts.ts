import { applyEvent, isTerminal, type Task, type TaskEvent } from '#core';
import { redisScript } from '../redis-script.ts';
import { toFields } from './task-record.ts';
import { tellEnd } from './told-success.ts';

/**
 * Keeps a new task, or answers with the one that has its id, which somebody relies on then. KEYS: task, list of
 * its owner. ARGV: when the task may be deleted, its moment of creation, its id, a moment before which nothing
 * is kept any more, then its fields.
 */
export const CREATE_TASK = redisScript(`
local state = redis.call('HGET', KEYS[1], 'state')
if state then
  if state == 'queued' then redis.call('HSET', KEYS[1], 'repeated', '1') end
  return redis.call('HGETALL', KEYS[1])
end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[2], ARGV[1], 'NX')
redis.call('PEXPIREAT', KEYS[2], ARGV[1], 'GT')
return false
`);

/**
 * One step of a task's life, with the refusals of \`applyEvent\`. KEYS: task, channel of ended tasks. ARGV: the
 * attempt that the event is fenced by ('' for none), 1 if that attempt must be newer than any before, the
 * least number of attempts ('' for none), what is told if it ends the task ('' otherwise), its id, what the keys
 * of the models' dead letters begin with if it is given up ('' otherwise), then the fields that change.
 */
export const APPLY_EVENT = redisScript(`
local state, attempts, model, keptUntil = unpack(redis.call('HMGET', KEYS[1], 'state', 'attempts', 'model', 'retainedUntil'))
if not state then return 'missing' end
if state ~= 'queued' and state ~= 'running' then return 'terminal' end
attempts = tonumber(attempts)
if ARGV[1] ~= '' then
  local attempt = tonumber(ARGV[1])
  if attempt < attempts or (ARGV[2] == '1' and attempt == attempts) then return 'superseded' end
end
redis.call('HSET', KEYS[1], unpack(ARGV, 7))
if ARGV[3] ~= '' and tonumber(ARGV[3]) > attempts then redis.call('HSET', KEYS[1], 'attempts', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('PUBLISH', KEYS[2], ARGV[4]) end
if ARGV[6] ~= '' then
  local list = ARGV[6] .. model
  redis.call('ZADD', list, keptUntil, ARGV[5])
  redis.call('PEXPIREAT', list, keptUntil, 'NX')
  redis.call('PEXPIREAT', list, keptUntil, 'GT')
end
return 'applied'
`);

/**
 * Takes a task out that was never accepted. KEYS: task, channel of ended tasks. ARGV: its id, its moment of creation
 * ('' for any), what the keys of the owners' lists begin with. Answers as `DoubtfulTasks` wants to know.
 */
export const REMOVE_UNACCEPTED = redisScript(`
local state, attempts, owner, createdAt, repeated = unpack(redis.call('HMGET', KEYS[1], 'state', 'attempts', 'owner', 'createdAt', 'repeated'))
if not state then return 'missing' end
if state ~= 'queued' or attempts ~= '0' or repeated or (ARGV[2] ~= '' and ARGV[2] ~= createdAt) then return 'kept' end
redis.call('DEL', KEYS[1])
redis.call('ZREM', ARGV[3] .. owner, ARGV[1])
redis.call('PUBLISH', KEYS[2], ARGV[1])
return 'removed'
`);

/** A task that has seen nothing: what an event makes of it is what the event changes. */
const UNTOUCHED = { state: 'queued', attempts: -1 } as Task;

/** The arguments of `APPLY_EVENT` for an event, so that the meaning of events stays in the core. */
export function applyArguments(id: string, event: TaskEvent, deadLettersPrefix: string): (string | Buffer)[] {
  const { attempts, ...changes } = applyEvent(UNTOUCHED, event).task;
  const isFenced = event.type === 'started' || event.type === 'succeeded' || event.type === 'failed';
  return [
    isFenced ? String(event.attempt) : '',
    event.type === 'started' ? '1' : '0',
    attempts === UNTOUCHED.attempts ? '' : String(attempts),
    isTerminal(changes.state) ? tellEnd(id, event) : '',
    id,
    event.type === 'gave-up' ? deadLettersPrefix : '',
    ...toFields(changes),
  ];
}
