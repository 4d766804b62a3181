import { type Clock, DAY_MS, MAX_DEADLINE_SECONDS } from '#core';
import { type Item, N, S } from '../attributes.ts';
import { CALLS_TABLE, USAGE_ROWS } from '../resources.ts';

/** Rows without a change expire when no task that they count can wait any more. */
const KEPT_MS = MAX_DEADLINE_SECONDS * 1000 + DAY_MS;

/** The usage row of an owner: a document of gateways, and the counters of functions. */
export const USAGE_KINDS = ['usage', 'tasks', 'requests'] as const;

/** No list of calls has this key: theirs begin with the number of a partition. */
export const usageKey = (owner: string, kind: (typeof USAGE_KINDS)[number]): Item => ({
  [CALLS_TABLE.partitionKey.name]: S(`${USAGE_ROWS}${owner}`),
  [CALLS_TABLE.sortKey.name]: S(kind),
});

export const usageTtl = (clock: Pick<Clock, 'now'>) => N(Math.ceil((clock.now() + KEPT_MS) / 1000));
