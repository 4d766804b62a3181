import { effectOf, isTerminal, type TaskEvent } from '#core';
import { redisScript } from '../redis-script.ts';
import { tellEnd, toFields } from './task-record.ts';

/**
 * Keeps a new task, or answers with the one that has its id. KEYS: task, list of its owner. ARGV: when the task may be
 * deleted, its moment of creation, its id, a moment before which no task is kept, then its fields. Scripts of tasks answer
 * with the key of the task and their answer.
 */
export const CREATE_TASK = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return { KEYS[1], redis.call('HGETALL', KEYS[1]) } end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[2], ARGV[1], 'NX')
redis.call('PEXPIREAT', KEYS[2], ARGV[1], 'GT')
return { KEYS[1], false }
`);

/**
 * One step of a task's life, with the refusals of `applyEvent` in their order. KEYS: task, channel of ended tasks.
 * ARGV: request hash, latest deadline, copy, fence, what the fence is of (`start`, `alone` or `end`), number of the
 * next copy, least number of attempts, what is told if the event ends the task, what the keys of the models' dead
 * letters begin with if it is given up: '' for those that the event does not have; its id, then the fields that change.
 */
export const APPLY_EVENT = redisScript(`
local state, attempts, fence, copy, alone, hash, deadline, copies, sent, model, keptUntil = unpack(redis.call('HMGET', KEYS[1],
  'state', 'attempts', 'fence', 'copy', 'startedAlone', 'requestHash', 'deadlineAt', 'copies', 'sentAt', 'model', 'retainedUntil'))
if not state then return { KEYS[1], 'missing' } end
if state ~= 'queued' and state ~= 'running' then return { KEYS[1], 'terminal' } end
if ARGV[1] ~= '' and ARGV[1] ~= hash then return { KEYS[1], 'mismatched' } end
if ARGV[2] ~= '' and tonumber(deadline) > tonumber(ARGV[2]) then return { KEYS[1], 'mismatched' } end
attempts = tonumber(attempts)
if not fence and attempts > 0 then copy = '0' end
fence = math.max(tonumber(fence or 0), attempts)
if ARGV[3] ~= '' and copy and ARGV[3] ~= copy then return { KEYS[1], 'other-copy' } end
if ARGV[4] ~= '' then
  local value = tonumber(ARGV[4])
  if value < fence then return { KEYS[1], 'superseded' } end
  if value == fence and ARGV[5] ~= 'end' and not (ARGV[5] == 'alone' and alone == '0') then return { KEYS[1], 'superseded' } end
end
if ARGV[6] ~= '' and (fence > 0 or sent or tonumber(copies or 0) ~= ARGV[6] - 1) then return { KEYS[1], 'superseded' } end
redis.call('HSET', KEYS[1], unpack(ARGV, 11))
if ARGV[7] ~= '' and tonumber(ARGV[7]) > attempts then redis.call('HSET', KEYS[1], 'attempts', ARGV[7]) end
if ARGV[8] ~= '' then redis.call('PUBLISH', KEYS[2], ARGV[8]) end
if ARGV[9] ~= '' then
  local list = ARGV[9] .. model
  redis.call('ZADD', list, keptUntil, ARGV[10])
  redis.call('PEXPIREAT', list, keptUntil, 'NX')
  redis.call('PEXPIREAT', list, keptUntil, 'GT')
end
return { KEYS[1], 'applied' }
`);

/**
 * Withdraws a task if it is as it was created, as `isUntouched` says. KEYS: task, list of its owner, channel of ended
 * tasks. ARGV: id, moment of creation, request hash. It frees memory, so it must run when Redis has none left.
 * `repeated` is a mark of earlier builds for tasks that a repeated submit relies on.
 */
export const WITHDRAW_TASK = redisScript(`#!lua flags=allow-oom
local state, attempts, fence, createdAt, hash, copies, repeated = unpack(redis.call('HMGET', KEYS[1],
  'state', 'attempts', 'fence', 'createdAt', 'requestHash', 'copies', 'repeated'))
if not state then return { KEYS[1], 'missing' } end
if state ~= 'queued' or attempts ~= '0' or (fence and fence ~= '0') or copies or repeated then return { KEYS[1], 'kept' } end
if createdAt ~= ARGV[2] or hash ~= ARGV[3] then return { KEYS[1], 'kept' } end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('PUBLISH', KEYS[3], ARGV[1])
return { KEYS[1], 'removed' }
`);

/** The arguments of `APPLY_EVENT` for an event, so that the rules stay in the core. */
export function applyArguments(id: string, event: TaskEvent, deadLettersPrefix: string): (string | Buffer)[] {
  const { guard, changes, minAttempts } = effectOf(event);
  const { fence } = guard;
  return [
    guard.requestHash ?? '',
    textOf(guard.latestDeadline),
    textOf(guard.copy),
    textOf(fence?.value),
    fence ? (fence.alone ? 'alone' : fence.of) : '',
    textOf(guard.nextCopy),
    textOf(minAttempts),
    changes.state && isTerminal(changes.state) ? tellEnd(id, event) : '',
    event.type === 'gave-up' ? deadLettersPrefix : '',
    id,
    ...toFields(changes),
  ];
}

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value));
