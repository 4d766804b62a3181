import { flowOf, type Priority, TURN_COST, type TurnReservation } from '#core';
import { replyAbout } from '../read-key.ts';
import type { RedisLink } from '../redis-link.ts';
import { redisScript } from '../redis-script.ts';
import { LANES } from './rabbit-topology.ts';

/** Places messages in lanes. */
export interface Turns {
  /** The next turn of a group and its lane. Never rejects. */
  take(queue: string, group: string, priority: Priority | undefined): Promise<TurnReservation>;
  /** A message with this turn was received. */
  serve(queue: string, turn: number): void;
}

/** Without a turn, a message comes first in its lane. */
export const NO_TURN: TurnReservation = { turn: 0, lane: 0 };
/** Kept longer than any message. */
const KEPT_MS = 15 * 24 * 3600 * 1000;
/** Minimum interval between two reports of a process, per queue. */
const REPORT_MS = 50;

/**
 * The turns of a queue in a hash of Redis: the highest that was received, the last of each flow and of each lane. Losing
 * them changes the order of messages and nothing else.
 */
export class RedisTurns implements Turns {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #served = new Map<string, number>();
  readonly #reporting = new Set<string>();

  constructor({ link, prefix }: { readonly link: RedisLink; readonly prefix: string }) {
    this.#link = link;
    this.#prefix = prefix;
  }

  async take(queue: string, group: string, priority: Priority = 'normal'): Promise<TurnReservation> {
    try {
      const key = this.#key(queue);
      const cost = TURN_COST[priority];
      const horizons = LANES.map(({ turnsAhead }) => String(turnsAhead * TURN_COST.normal));
      const call = { keys: [key], arguments: [flowOf(group, priority), String(cost), String(KEPT_MS), ...horizons] };
      const reply = replyAbout(this.#link, key, await (await this.#link.bytes()).takeTurn(call));
      const [turn = 0, lane = 0] = Array.isArray(reply) ? reply.map(Number) : [];
      return { turn, lane };
    } catch {
      // Recovery: the order of messages is best effort; sending them is not.
      return NO_TURN;
    }
  }

  serve(queue: string, turn: number): void {
    if (turn <= (this.#served.get(queue) ?? 0)) return;
    this.#served.set(queue, turn);
    if (this.#reporting.has(queue)) return;
    this.#reporting.add(queue);
    setTimeout(() => void this.#report(queue), REPORT_MS).unref();
  }

  async #report(queue: string): Promise<void> {
    this.#reporting.delete(queue);
    try {
      const call = { keys: [this.#key(queue)], arguments: [String(this.#served.get(queue))] };
      await (await this.#link.bytes()).serveTurn(call);
    } catch {
      // Recovery: the next report has a higher turn.
    }
  }

  #key(queue: string): string {
    return `${this.#prefix}:turns:${queue}`;
  }
}

/**
 * The turn of `turnOf` and a lane whose last message has no higher turn, the fullest such one, so that lanes are in the
 * order of turns. Only turns near the served one may enter the lanes with a horizon. Forgets the flows that have
 * nothing ahead, now and then. KEYS: turns. ARGV: flow, cost, lifetime, horizon of each lane (0: none).
 */
export const TAKE_TURN = redisScript(`
local names = { 'served', 'flow:' .. ARGV[1] }
for i = 4, #ARGV do names[i - 1] = 'lane:' .. (i - 4) end
local known = redis.call('HMGET', KEYS[1], unpack(names))
local served = tonumber(known[1] or 0)
local turn = math.max(served - 1, tonumber(known[2] or served - 1)) + ARGV[2]
local lane, highest
for i = 4, #ARGV do
  local horizon = tonumber(ARGV[i])
  if horizon == 0 or turn - served <= horizon then
    local tail = math.max(served, tonumber(known[i - 1] or 0))
    if not lane or (tail <= turn and (highest > turn or tail > highest)) or (tail > turn and highest > turn) then
      lane = i - 4
      highest = tail
    end
  end
end
redis.call('HSET', KEYS[1], names[2], turn, names[lane + 3], math.max(turn, highest))
if redis.call('HINCRBY', KEYS[1], 'taken', 1) % 1000 == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'flow:' and tonumber(fields[i + 1]) <= served then redis.call('HDEL', KEYS[1], fields[i]) end
  end
end
return { KEYS[1], { turn, lane } }
`);

/** KEYS: turns. ARGV: turn. Does nothing where no turn was taken. */
export const SERVE_TURN = redisScript(`
local served = redis.call('HGET', KEYS[1], 'served')
if redis.call('EXISTS', KEYS[1]) == 1 and tonumber(ARGV[1]) > tonumber(served or 0) then
  redis.call('HSET', KEYS[1], 'served', ARGV[1])
end
return { KEYS[1], 1 }
`);
