import { hash } from 'node:crypto';
import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { CANCEL_MARK_SECONDS, type Place, type PlaceStore, readPlace } from '#core';
import { type Item, N, rowOf, S } from '../attributes.ts';
import { conditionalWrite, translated } from '../errors.ts';
import { TASKS_TABLE } from '../resources.ts';
import type { DynamoTableOptions } from './dynamo-task-store.ts';

/** The first part of the keys of rows with places, which are rows of the table of tasks. */
export const PLACES_PREFIX = 'places:';

/** Places of one row: 6 KB, which a write costs. */
const ROW_PLACES = 100;
const MAX_TRIES = 4;
/** Larger backlogs have larger rows, up to the 400 KB of an item. */
const MAX_ROWS = 1000;

/** The row with this number, and how many places it has at most. */
interface Row {
  readonly number: number;
  readonly max: number;
}

/**
 * Stores the places of a model as sets in rows, because an item has a size limit and each write costs the whole item.
 * The maxima of the rows add up to the maximum of the model. One conditional update adds places to a row. A set tells
 * its size, so no count can drift.
 */
export function dynamoPlaces({
  client,
  table,
  clock,
}: DynamoTableOptions): Pick<PlaceStore, 'take' | 'free' | 'oldest'> {
  const keyOf = (model: string, { number }: Pick<Row, 'number'>) => ({ id: S(`${PLACES_PREFIX}${model}:${number}`) });

  async function read(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true });
    return rowOf(key, (await translated('store_unavailable', () => client.send(command))).Item);
  }

  /** Adds as many of the places as fit. Resolves with their number. */
  async function addTo(model: string, row: Row, places: readonly Place[]): Promise<number> {
    const key = keyOf(model, row);
    let count = Math.min(places.length, row.max);
    for (let tries = 0; tries < MAX_TRIES && count > 0; tries++) {
      const added = places.slice(0, count).map((place) => place.key);
      const command = new UpdateItemCommand({
        ...{ TableName: table, Key: key, UpdateExpression: 'SET #ttl = :ttl ADD places :added' },
        ConditionExpression: 'attribute_not_exists(places) OR size(places) <= :room',
        ExpressionAttributeNames: { '#ttl': TASKS_TABLE.ttlAttribute },
        ExpressionAttributeValues: {
          ':added': { SS: added },
          ':room': N(row.max - count),
          ':ttl': N(Math.ceil(clock.now() / 1000) + CANCEL_MARK_SECONDS),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      });
      const outcome = await conditionalWrite(
        'store_unavailable',
        () => client.send(command),
        () => read(key),
      );
      const present = outcome === 'done' ? added : (outcome.item?.places?.SS ?? []);
      // A repeat by the SDK after a lost response finds its own places.
      if (present.includes(added[0] ?? '')) return count;
      count = Math.min(count, row.max - present.length);
    }
    return 0;
  }

  async function removeFrom(model: string, row: Pick<Row, 'number'>, places: readonly Place[]): Promise<void> {
    const command = new UpdateItemCommand({
      ...{ TableName: table, Key: keyOf(model, row), UpdateExpression: 'DELETE places :left' },
      ConditionExpression: 'attribute_exists(places)',
      ExpressionAttributeValues: { ':left': { SS: places.map(({ key }) => key) } },
    });
    await conditionalWrite(
      'store_unavailable',
      () => client.send(command),
      async () => undefined,
    );
  }

  /** Rows of the places that this process has taken or read. */
  const rowOfPlace = new WeakMap<Place, number>();

  return {
    async take(model, places, max) {
      const rows = rowsOf(max);
      const first = firstRow(places[0], rows.length);
      const taken: (readonly [Row, readonly Place[]])[] = [];
      let left = places;
      for (let at = 0; at < rows.length && left.length > 0; at++) {
        const row = rows[(first + at) % rows.length] as Row;
        const count = await addTo(model, row, left);
        taken.push([row, left.slice(0, count)]);
        for (const place of left.slice(0, count)) rowOfPlace.set(place, row.number);
        left = left.slice(count);
      }
      if (left.length === 0) return true;
      for (const [row, some] of taken) if (some.length > 0) await removeFrom(model, row, some);
      return false;
    },

    async free(model, places) {
      const byRow = Map.groupBy(places, (place) => rowOfPlace.get(place) ?? 0);
      for (const [number, some] of byRow) await removeFrom(model, { number }, some);
    },

    async oldest(model, max, limit) {
      const found: Place[] = [];
      const rows = rowsOf(max);
      const from = Math.floor(Math.random() * rows.length);
      for (let at = 0; at < rows.length && found.length < limit; at++) {
        const row = rows[(from + at) % rows.length] as Row;
        const some = ((await read(keyOf(model, row)))?.places?.SS ?? []).map(readPlace);
        for (const place of some) rowOfPlace.set(place, row.number);
        found.push(...some);
      }
      return found.sort((a, b) => a.at - b.at).slice(0, limit);
    },
  };
}

function rowsOf(max: number): readonly Row[] {
  const count = Math.min(MAX_ROWS, Math.ceil(max / ROW_PLACES));
  return Array.from({ length: count }, (_, number) => ({
    number,
    max: Math.floor(max / count) + (number < max % count ? 1 : 0),
  }));
}

/** Repeats of a submit begin with the same row, and submits with different ones. */
const firstRow = (place: Place | undefined, rows: number): number =>
  Number.parseInt(hash('sha256', place?.id ?? '').slice(0, 8), 16) % rows;
