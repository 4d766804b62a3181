import { randomBytes } from 'node:crypto';
import { type AttributeValue, type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  type Clock,
  DAY_MS,
  type EndOf,
  endedAmong,
  isSweptAt,
  ModelyardError,
  type TaskStore,
  tooManyAtOnce,
  tooManyToday,
  tooManyWaiting,
  type UserLimits,
  type UserQuota,
  type WaitingTasks,
} from '#core';
import { type Item, N } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { CALLS_TABLE } from '../resources.ts';
import { usageKey, usageTtl } from './usage-rows.ts';

export interface DynamoMeterOptions {
  readonly client: DynamoDBClient;
  /** The table of calls. */
  readonly table: string;
  readonly clock: Clock;
}

interface QuotaDeps extends DynamoMeterOptions {
  readonly tasks: Pick<TaskStore, 'get'>;
  readonly endOf?: EndOf;
}

const MAX_TRIES = 8;
/** The id of a task, the second in which it was entered, and a random number: repeats of a submit are told apart. */
const ENTRY_BYTES = 24;
const ID_BYTES = 16;
/** Entries of retries are longer. */
const RETRY_BYTES = ENTRY_BYTES + 1;

/**
 * Limits the tasks of a user exactly, without a read or a lock: one conditional update adds the task to a set, whose
 * size is the number of tasks that may wait. Functions share no process that could gather changes.
 */
export function createDynamoTaskQuota(deps: QuotaDeps, owner: string, limits: UserLimits): UserQuota | undefined {
  const { client, table, clock } = deps;
  const { tasksWaiting = Number.MAX_SAFE_INTEGER, tasksPerDay = Number.MAX_SAFE_INTEGER } = limits;
  if (tasksWaiting === Number.MAX_SAFE_INTEGER && tasksPerDay === Number.MAX_SAFE_INTEGER) return undefined;
  const key = usageKey(owner, 'tasks');
  const entries = new Map<string, Uint8Array>();

  async function update(expression: string, condition: string, values: Item): Promise<Updated> {
    let sizeNow = 0;
    const command = new UpdateItemCommand({
      ...{ TableName: table, Key: key, UpdateExpression: expression, ConditionExpression: condition },
      ExpressionAttributeNames: Object.fromEntries(
        [...`${expression} ${condition}`.matchAll(/#(\w+)/g)].map(([name, attribute = '']) => [name, attribute]),
      ),
      ExpressionAttributeValues: values,
      ...{ ReturnValues: 'UPDATED_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' },
    });
    const outcome = await conditionalWrite(
      'store_unavailable',
      async () => {
        const { Attributes } = await client.send(command);
        sizeNow = Attributes?.waiting?.BS?.length ?? 0;
      },
      read,
    );
    return outcome === 'done' ? { isDone: true, size: sizeNow } : { isDone: false, item: outcome.item ?? {} };
  }

  async function read(): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true });
    return (await translated('store_unavailable', () => client.send(command))).Item;
  }

  function tryEnter(added: readonly Uint8Array[], today: number, isFirstOfDay: boolean): Promise<Updated> {
    const [first = new Uint8Array()] = added;
    const room = { ':room': N(tasksWaiting - added.length) };
    const values = { ':day': N(today), ':count': N(added.length), ':added': BS([...added]), ...room };
    const ttl = { ':ttl': usageTtl(clock) };
    const fits = '(attribute_not_exists(#waiting) OR (size(#waiting) <= :room AND NOT contains(#waiting, :element)))';
    const known = { ':element': { B: first } };
    return isFirstOfDay
      ? update(
          `SET #day = :day, #tasks = :count, #${CALLS_TABLE.ttlAttribute} = :ttl ADD #waiting :added`,
          `(attribute_not_exists(#day) OR #day < :day) AND ${fits}`,
          { ...values, ...ttl, ...known },
        )
      : update(
          `SET #${CALLS_TABLE.ttlAttribute} = :ttl ADD #tasks :count, #waiting :added`,
          `#day = :day AND #tasks <= :max AND ${fits}`,
          { ...values, ...ttl, ...known, ':max': N(tasksPerDay - added.length) },
        );
  }

  async function remove(left: readonly Uint8Array[]): Promise<void> {
    if (left.length === 0) return;
    await update('DELETE #waiting :left', 'attribute_exists(#waiting)', { ':left': BS([...left]) });
  }

  /** Removes tasks that have ended. Resolves with the oldest remaining one. Rejects if none has ended. */
  async function sweep(set: readonly Uint8Array[], mustEnd: boolean): Promise<void> {
    const waiting = toWaiting(set);
    const { ended, oldest } = await endedAmong(deps, waiting);
    const left = set.filter((entry) => ended.has(idOf(entry)));
    await remove(left);
    if (left.length > 0 || !mustEnd) return;
    const endsAt = oldest && (await deps.endOf?.(oldest).catch(() => undefined));
    throw tooManyWaiting(tasksWaiting, clock.now(), endsAt);
  }

  return {
    async enter(ids) {
      if (ids.length > tasksWaiting) throw tooManyAtOnce(ids.length, `At most ${tasksWaiting} of your tasks may wait`);
      if (ids.length > tasksPerDay) throw tooManyAtOnce(ids.length, `At most ${tasksPerDay} tasks a day are allowed`);
      let added = ids.map((id) => entryOf(id, clock.now()));
      let isFirstOfDay = false;
      for (let tries = 0; tries < MAX_TRIES && added.length > 0; tries++) {
        const now = clock.now();
        const today = Math.floor(now / DAY_MS);
        const updated = await tryEnter(added, today, isFirstOfDay);
        const { day, tasks, waiting } = updated.isDone ? {} : updated.item;
        const set = waiting?.BS ?? [];
        // A repeat by the SDK after a lost response finds its own entries.
        if (updated.isDone || set.some((other) => Buffer.compare(other, added[0] ?? other) === 0)) {
          for (const entry of added) entries.set(idOf(entry), entry);
          if (updated.isDone && isSweptAt(updated.size, updated.size - added.length)) {
            await sweep((await read())?.waiting?.BS ?? [], false);
          }
          return added.map(idOf);
        }
        const known = new Set(set.map(idOf));
        added = added.filter((entry) => !known.has(idOf(entry)));
        if (added.length === 0) return [];
        isFirstOfDay = day?.N === undefined || Number(day.N) < today;
        if (!isFirstOfDay && Number(tasks?.N ?? 0) + added.length > tasksPerDay) throw tooManyToday(tasksPerDay, now);
        if (set.length + added.length > tasksWaiting) await sweep(set, true);
      }
      if (added.length === 0) return [];
      throw contended();
    },

    async enterAgain(id) {
      const added = entryOf(id, clock.now(), RETRY_BYTES);
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const set = (await read())?.waiting?.BS ?? [];
        if (set.some((other) => Buffer.compare(other, added) === 0)) return;
        const stale = set.filter((entry) => idOf(entry) === id);
        // One update may not both add and delete.
        await remove(stale);
        if (set.length - stale.length >= tasksWaiting) await sweep(set, true);
        const ttl = `#${CALLS_TABLE.ttlAttribute}`;
        const { isDone } = await update(
          `SET ${ttl} = :ttl ADD #waiting :added`,
          'attribute_not_exists(#waiting) OR size(#waiting) <= :room',
          { ':ttl': usageTtl(clock), ':added': BS([added]), ':room': N(tasksWaiting - 1) },
        );
        if (isDone) return;
      }
      throw contended();
    },

    async leave(ids) {
      const left = ids.flatMap((id) => entries.get(id) ?? []);
      const [first] = left;
      if (!first) return;
      for (const id of ids) entries.delete(id);
      const values = { ':left': BS(left), ':element': { B: first }, ':minus': N(-left.length) };
      await update('ADD #tasks :minus DELETE #waiting :left', 'contains(#waiting, :element)', values);
    },
  };
}

const contended = () =>
  new ModelyardError('store_unavailable', 'Too many changes of this usage at once.', { retryable: true });

type Updated = { readonly isDone: true; readonly size: number } | { readonly isDone: false; readonly item: Item };

const BS = (entries: Uint8Array[]): AttributeValue => ({ BS: entries });

function entryOf(id: string, now: number, size = ENTRY_BYTES): Uint8Array {
  const entry = Buffer.alloc(size);
  entry.write(id.replaceAll('-', ''), 'hex');
  entry.writeUInt32BE(Math.floor(now / 1000), ID_BYTES);
  entry.set(randomBytes(ENTRY_BYTES - ID_BYTES - 4), ID_BYTES + 4);
  return entry;
}

const idOf = (entry: Uint8Array): string =>
  Buffer.from(entry)
    .toString('hex', 0, ID_BYTES)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** Oldest first. */
const toWaiting = (set: readonly Uint8Array[]): WaitingTasks =>
  set
    .map((entry) => {
      const at = Buffer.from(entry).readUInt32BE(ID_BYTES) * 1000;
      return [idOf(entry), at, entry.byteLength === RETRY_BYTES] as const;
    })
    .sort(([, a], [, b]) => a - b);
