import { isTerminal, type TaskEvent } from '#core';
import { effectOf } from '#core/events';
import { redisScript } from '../redis-script.ts';
import { endNotice, toFields } from './task-record.ts';

/**
 * Creates tasks, each unless there is a task of its id. KEYS: task and the owner's list of each. ARGV: creation time
 * before which tasks have expired, then of each task its id, creation time, expiry, number of fields and names, and the
 * fields. Returns the first key, and the existing task or false of each. The scripts of tasks return the task's key and
 * a result.
 */
export const CREATE_TASKS = redisScript(`
local existing, at, cleaned = {}, 2, {}
for i = 1, #KEYS, 2 do
  local task, list, first, last = KEYS[i], KEYS[i + 1], at + 4, at + 3 + ARGV[at + 3]
  if redis.call('EXISTS', task) == 1 then existing[#existing + 1] = redis.call('HGETALL', task)
  else
    existing[#existing + 1] = false
    redis.call('HSET', task, unpack(ARGV, first, last))
    redis.call('PEXPIREAT', task, ARGV[at + 2])
    if not cleaned[list] then redis.call('ZREMRANGEBYSCORE', list, '-inf', ARGV[1]) end
    cleaned[list] = true
    redis.call('ZADD', list, ARGV[at + 1], ARGV[at])
    redis.call('PEXPIREAT', list, ARGV[at + 2], 'NX')
    redis.call('PEXPIREAT', list, ARGV[at + 2], 'GT')
  end
  at = last + 1
end
return { KEYS[1], existing }
`);

/**
 * Applies an event; refuses it in the order of `applyEvent`. KEYS: task, channel of ended tasks. ARGV: request hash,
 * latest deadline, copy, fence, kind of fence (`start`, `alone` or `end`), number of the next copy, minimum number of
 * attempts, notification if the event ends the task, key prefix of dead letters if it is given up; '' for absent
 * values; the id; the states that the task must be in; the round; entries of the history; the fields to clear; then
 * the changed fields.
 */
export const APPLY_EVENT = redisScript(`
local state, attempts, fence, copy, alone, hash, deadline, copies, sent, model, keptUntil, round = unpack(redis.call('HMGET', KEYS[1],
  'state', 'attempts', 'fence', 'copy', 'startedAlone', 'requestHash', 'deadlineAt', 'copies', 'sentAt', 'model', 'retainedUntil', 'round'))
if not state then return { KEYS[1], 'missing' } end
if ARGV[11] ~= '' then
  if not string.find(ARGV[11], state, 1, true) then return { KEYS[1], 'superseded' } end
elseif state ~= 'queued' and state ~= 'running' then return { KEYS[1], 'terminal' } end
if ARGV[12] ~= '' and ARGV[12] ~= (round or '0') then return { KEYS[1], 'mismatched' } end
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
for name in string.gmatch(ARGV[14], '%S+') do redis.call('HDEL', KEYS[1], name) end
if #ARGV > 14 then redis.call('HSET', KEYS[1], unpack(ARGV, 15)) end
if ARGV[13] ~= '' then
  redis.call('HSET', KEYS[1], 'history', (redis.call('HGET', KEYS[1], 'history') or '') .. ARGV[13] .. '\\n')
end
if ARGV[7] ~= '' and tonumber(ARGV[7]) > attempts then redis.call('HSET', KEYS[1], 'attempts', ARGV[7]) end
if ARGV[8] ~= '' then redis.call('PUBLISH', KEYS[2], ARGV[8]) end
if ARGV[14] ~= '' then redis.call('ZREM', ARGV[9] .. model, ARGV[10])
elseif ARGV[9] ~= '' then
  local list = ARGV[9] .. model
  redis.call('ZADD', list, keptUntil, ARGV[10])
  redis.call('PEXPIREAT', list, keptUntil, 'NX')
  redis.call('PEXPIREAT', list, keptUntil, 'GT')
end
return { KEYS[1], 'applied' }
`);

/**
 * Withdraws a task under the condition of `isUntouched`. KEYS: task, the owner's list, channel of ended tasks. ARGV:
 * id, creation time, request hash. `allow-oom`: the script frees memory, so it must also run when Redis is full.
 * Earlier builds set `repeated` on tasks that a repeated submit relies on.
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

export function applyArguments(id: string, event: TaskEvent, deadLettersPrefix: string): (string | Buffer)[] {
  const { guard, changes, minAttempts, clears = [], entries = [] } = effectOf(event);
  const { fence } = guard;
  return [
    guard.requestHash ?? '',
    textOf(guard.latestDeadline),
    textOf(guard.copy),
    textOf(fence?.value),
    fence ? (fence.alone ? 'alone' : fence.of) : '',
    textOf(guard.nextCopy),
    textOf(minAttempts),
    changes.state && isTerminal(changes.state) ? endNotice(id, event) : '',
    event.type === 'gave-up' || clears.length > 0 ? deadLettersPrefix : '',
    id,
    guard.from?.join(' ') ?? '',
    textOf(guard.round),
    entries.map((entry) => JSON.stringify(entry)).join('\n'),
    clears.join(' '),
    ...toFields(changes),
  ];
}

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value));
