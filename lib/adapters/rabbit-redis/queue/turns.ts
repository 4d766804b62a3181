import { flowOf, inBatches, PRIORITIES, type Priority, TURN_COST, type TurnReservation } from '#core';
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
/** Turns of one call: scripts stop all others in Redis. */
const MAX_TAKEN = 500;

/** The hash of Redis with the turns of a queue. */
export const turnsKey = (prefix: string, queue: string): string => `${prefix}:turns:${queue}`;

/** The fields of the flows of a group. */
export const flowFields = (group: string): string[] => PRIORITIES.map((priority) => `flow:${flowOf(group, priority)}`);

interface Ask {
  readonly flow: string;
  readonly cost: number;
  readonly resolve: (turn: TurnReservation) => void;
}

/**
 * The turns of a queue in a hash of Redis: the highest that was received, the last of each flow and of each lane. Losing
 * them changes the order of messages and nothing else.
 */
export class RedisTurns implements Turns {
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #served = new Map<string, number>();
  readonly #reporting = new Set<string>();
  /** Messages without turns, by queue. */
  readonly #asked = new Map<string, Ask[]>();

  constructor({ link, prefix }: { readonly link: RedisLink; readonly prefix: string }) {
    this.#link = link;
    this.#prefix = prefix;
  }

  take(queue: string, group: string, priority: Priority = 'normal'): Promise<TurnReservation> {
    const { promise, resolve } = Promise.withResolvers<TurnReservation>();
    const asked = this.#asked.get(queue);
    const ask: Ask = { flow: flowOf(group, priority), cost: TURN_COST[priority], resolve };
    if (asked) asked.push(ask);
    else {
      this.#asked.set(queue, [ask]);
      setImmediate(() => void this.#takeAll(queue));
    }
    return promise;
  }

  /** One call for all that asked in one turn of the event loop: their messages leave together, too. */
  async #takeAll(queue: string): Promise<void> {
    const asked = this.#asked.get(queue) ?? [];
    this.#asked.delete(queue);
    let turns: readonly TurnReservation[] = [];
    try {
      for (const some of inBatches(asked, MAX_TAKEN)) turns = [...turns, ...(await this.#take(queue, some))];
    } catch {
      // Recovery: the order of messages is best effort; sending them is not.
    }
    for (const [at, { resolve }] of asked.entries()) resolve(turns[at] ?? NO_TURN);
  }

  async #take(queue: string, asked: readonly Ask[]): Promise<readonly TurnReservation[]> {
    const key = this.#key(queue);
    const horizons = LANES.map(({ turnsAhead }) => String(turnsAhead * TURN_COST.normal));
    const flows = asked.flatMap(({ flow, cost }) => [flow, String(cost)]);
    const call = { keys: [key], arguments: [String(KEPT_MS), String(horizons.length), ...horizons, ...flows] };
    const reply = replyAbout(this.#link, key, await (await this.#link.bytes()).takeTurns(call));
    const numbers = Array.isArray(reply) ? reply.map(Number) : [];
    return asked.map((_, at) => ({ turn: numbers[2 * at] ?? 0, lane: numbers[2 * at + 1] ?? 0 }));
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
    return turnsKey(this.#prefix, queue);
  }
}

/**
 * For each flow, the turn of `turnOf` and a lane whose last message has no higher turn, the fullest such one, so that
 * lanes are in the order of turns. Only turns near the served one may enter the lanes with a horizon. Forgets the flows
 * that have nothing ahead, now and then. KEYS: turns. ARGV: lifetime, number of lanes, horizon of each lane (0: none),
 * then flow and cost of each message.
 */
export const TAKE_TURNS = redisScript(`
local lanes = tonumber(ARGV[2])
local names = { 'served' }
for i = 1, lanes do names[i + 1] = 'lane:' .. (i - 1) end
local known = redis.call('HMGET', KEYS[1], unpack(names))
local served = tonumber(known[1] or 0)
local tails = {}
for i = 1, lanes do tails[i] = math.max(served, tonumber(known[i + 1] or 0)) end
local last, taken = {}, {}
for at = 3 + lanes, #ARGV, 2 do
  local flow = 'flow:' .. ARGV[at]
  last[flow] = last[flow] or tonumber(redis.call('HGET', KEYS[1], flow) or served - 1)
  local turn = math.max(served - 1, last[flow]) + ARGV[at + 1]
  last[flow] = turn
  local lane, highest
  for i = 1, lanes do
    local horizon, tail = tonumber(ARGV[2 + i]), tails[i]
    if horizon == 0 or turn - served <= horizon then
      if not lane or (tail <= turn and (highest > turn or tail > highest)) or (tail > turn and highest > turn) then
        lane = i
        highest = tail
      end
    end
  end
  tails[lane] = math.max(turn, highest)
  redis.call('HSET', KEYS[1], flow, turn, 'lane:' .. (lane - 1), tails[lane])
  taken[#taken + 1] = turn
  taken[#taken + 1] = lane - 1
end
local count = #taken / 2
if (redis.call('HINCRBY', KEYS[1], 'taken', count) - 1) % 1000 < count then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  local fields = redis.call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 5) == 'flow:' and tonumber(fields[i + 1]) <= served then redis.call('HDEL', KEYS[1], fields[i]) end
  end
end
return { KEYS[1], taken }
`);

/** KEYS: turns. ARGV: turn. Does nothing where no turn was taken. */
export const SERVE_TURN = redisScript(`
local served = redis.call('HGET', KEYS[1], 'served')
if redis.call('EXISTS', KEYS[1]) == 1 and tonumber(ARGV[1]) > tonumber(served or 0) then
  redis.call('HSET', KEYS[1], 'served', ARGV[1])
end
return { KEYS[1], 1 }
`);
