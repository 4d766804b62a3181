import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { EventOutcome, TaskEvent } from '#core';
import { applyEvent, type EventGuard, effectOf } from '#core/events';
import { type Item, N, S } from '../attributes.ts';
import { DEAD_LETTERS_INDEX } from '../resources.ts';
import { fromItem, toMutableItem } from './task-item.ts';

type Update = Required<
  Pick<
    UpdateItemCommandInput,
    'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
  >
>;

/** The condition that a row is a readable task. Uses `:now`. */
const KEPT = 'attribute_exists(id) AND attribute_not_exists(withdrawnAt) AND retainedUntil > :now';

/** A conditional update equivalent to `applyEvent`. */
export function updateFor(
  event: TaskEvent,
  now: number,
  write: string,
): { readonly update: Update; readonly changes: Item } {
  const { guard, changes: changed, minAttempts, clears = [], entries } = effectOf(event);
  const changes: Item = {
    ...toMutableItem(changed),
    ...(minAttempts === undefined ? {} : { attemptsGivenUp: N(minAttempts) }),
    lastWrite: S(write),
  };
  const names = Object.keys(changes);
  const assignments = names.map((name) => `#${name} = :${name}`);
  // Only tasks that were given up are in the dead-letter index. Its key is copied from the row.
  if (event.type === 'gave-up') assignments.push(`${DEAD_LETTERS_INDEX.partitionKey.name} = model`);
  if (entries) assignments.push('#history = list_append(if_not_exists(#history, :noEntries), :entries)');
  const removals = clears.length === 0 ? [] : [...clears, 'attemptsGivenUp', DEAD_LETTERS_INDEX.partitionKey.name];
  const { conditions, values } = conditionsOf(guard);
  const states = guard.from ?? ['queued', 'running'];
  return {
    changes,
    update: {
      UpdateExpression: `SET ${assignments.join(', ')}${removalsOf(removals)}`,
      ConditionExpression: [
        KEPT,
        `#state IN (${states.map((state) => `:in_${state}`).join(', ')})`,
        ...conditions,
      ].join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(
        [
          ...names,
          'state',
          ...removals,
          ...(entries ? ['history'] : []),
          ...(guard.copy === undefined ? [] : ['copy']),
          ...(guard.round === undefined ? [] : ['round']),
        ].map((name) => [`#${name}`, name]),
      ),
      ExpressionAttributeValues: {
        ':now': N(now),
        ...Object.fromEntries(states.map((state) => [`:in_${state}`, S(state)])),
        ...(entries
          ? { ':noEntries': { L: [] }, ':entries': { L: entries.map((entry) => S(JSON.stringify(entry))) } }
          : {}),
        ...values,
        ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [`:${name}`, value])),
      },
    },
  };
}

const removalsOf = (names: readonly string[]): string =>
  names.length === 0 ? '' : ` REMOVE ${names.map((name) => `#${name}`).join(', ')}`;

/** The outcome of an event for a row that did not meet the condition of its update. */
export const outcomeFor = (item: Item, event: TaskEvent): EventOutcome => applyEvent(fromItem(item), event).outcome;

interface Conditions {
  readonly conditions: string[];
  readonly values: Record<string, AttributeValue>;
}

/** The refusals of `applyEvent` as conditions. */
function conditionsOf({ round, requestHash, latestDeadline, copy, fence, nextCopy }: EventGuard): Conditions {
  const conditions: string[] = [];
  const values: Record<string, AttributeValue> = {};
  if (round === 0) conditions.push('attribute_not_exists(#round)');
  else if (round !== undefined) {
    conditions.push('#round = :itsRound');
    values[':itsRound'] = N(round);
  }
  if (requestHash !== undefined) {
    conditions.push('requestHash = :itsHash');
    values[':itsHash'] = S(requestHash);
  }
  if (latestDeadline !== undefined) {
    conditions.push('deadlineAt <= :latest');
    values[':latest'] = N(latestDeadline);
  }
  if (copy !== undefined) {
    conditions.push('(attribute_not_exists(#copy) OR #copy = :itsCopy)');
    values[':itsCopy'] = N(copy);
  }
  if (fence) {
    conditions.push(fenceCondition(fence));
    values[':itsFence'] = N(fence.value);
    if (fence.alone) values[':no'] = { BOOL: false };
  }
  if (nextCopy !== undefined) {
    const before = nextCopy === 1 ? 'attribute_not_exists(copies)' : 'copies = :before';
    if (nextCopy > 1) values[':before'] = N(nextCopy - 1);
    values[':none'] = N(0);
    conditions.push('attempts = :none AND (attribute_not_exists(fence) OR fence = :none)');
    conditions.push(`attribute_not_exists(sentAt) AND ${before}`);
  }
  return { conditions, values };
}

/** Rows of earlier builds have no fence: their attempts are the fence. It is never below the attempts. */
function fenceCondition({ of, alone }: NonNullable<EventGuard['fence']>): string {
  const than = of === 'start' ? '<' : '<=';
  const isOlder = `(attempts ${than} :itsFence AND (attribute_not_exists(fence) OR fence ${than} :itsFence))`;
  return alone ? `(${isOlder} OR (fence = :itsFence AND startedAlone = :no))` : isOlder;
}
