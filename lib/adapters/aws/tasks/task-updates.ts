import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { applyEvent, type Task, type TaskEvent } from '#core';
import { type Item, N, S } from '../attributes.ts';
import { DEAD_LETTERS_INDEX } from '../resources.ts';
import { toMutableItem } from './task-item.ts';

type Update = Required<
  Pick<
    UpdateItemCommandInput,
    'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
  >
>;

/** The condition under which a row is a task that can still be read. Uses `:now`. */
const KEPT = 'attribute_exists(id) AND attribute_not_exists(withdrawnAt) AND retainedUntil > :now';

/** One conditional update that means what `applyEvent` means. */
export function updateFor(event: TaskEvent, now: number): { readonly update: Update; readonly changes: Item } {
  const changes = changesOf(event);
  const fence = fenceOf(event);
  const names = Object.keys(changes);
  const assignments = names.map((name) => `#${name} = :${name}`);
  // Only those who were given up are in the index of dead letters; the model is known to the row alone.
  if (event.type === 'gave-up') assignments.push(`${DEAD_LETTERS_INDEX.partitionKey.name} = model`);
  return {
    changes,
    update: {
      UpdateExpression: `SET ${assignments.join(', ')}`,
      ConditionExpression: [KEPT, '#state IN (:queued, :running)', ...(fence ? [fence.condition] : [])].join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ':now': N(now),
        ':queued': S('queued'),
        ':running': S('running'),
        ...(fence ? { ':attempt': N(fence.attempt) } : {}),
        ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [`:${name}`, value])),
      },
    },
  };
}

/** The refusals of late workers, as in `applyEvent`. */
function fenceOf(event: TaskEvent): { readonly condition: string; readonly attempt: number } | undefined {
  if (event.type === 'started') return { condition: 'attempts < :attempt', attempt: event.attempt };
  if (event.type === 'succeeded' || event.type === 'failed') {
    return { condition: 'attempts <= :attempt', attempt: event.attempt };
  }
  return undefined;
}

/** A task that has seen nothing: what an event makes of it is what the event changes. */
const UNTOUCHED: Task = {
  id: '',
  model: '',
  owner: '',
  state: 'queued',
  attempts: -1,
  contractHash: '',
  requestHash: '',
  createdAt: 0,
  deadlineAt: 0,
  retainedUntil: 0,
};

function changesOf(event: TaskEvent): Item {
  const { attempts, ...changes } = toMutableItem(applyEvent(UNTOUCHED, event).task);
  if (attempts === undefined || attempts.N === N(UNTOUCHED.attempts).N) return changes;
  return { ...changes, [event.type === 'gave-up' ? 'attemptsGivenUp' : 'attempts']: attempts };
}
