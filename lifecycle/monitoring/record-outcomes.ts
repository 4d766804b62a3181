import { inBatches } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { monitoringDatabase } from './database.ts';

/** How much of a database's limit on parameters one statement uses. */
const MAX_AT_ONCE = 400;

/** An outcome as it was reported. */
export interface Asked {
  readonly task_id: string;
  readonly value: string;
}

/** The prediction that an outcome is of. */
export interface Predicted {
  readonly model: string;
  readonly at: number;
  /** Only a number can be its outcome. */
  readonly isNumber: boolean;
}

export const REFUSALS = {
  invalid_outcome:
    'An outcome has a task_id and a value: a number for a predicted number, or else also a text or a truth value.',
  unknown_prediction: 'There is no successful prediction with this id.',
  duplicate_outcome: 'An outcome of this prediction was recorded before.',
} as const;
type Refusal = keyof typeof REFUSALS;

interface Recorded {
  readonly asked: readonly (Asked | undefined)[];
  readonly predictions: ReadonlyMap<string, Predicted>;
  readonly owner: string;
}

/** Resolves with the refusal of each entry, or undefined for one that was recorded. */
export async function recordOutcomes(
  lifecycle: Lifecycle,
  { asked, predictions, owner }: Recorded,
): Promise<readonly (Refusal | undefined)[]> {
  const database = await monitoringDatabase(lifecycle);
  const recorded_at = lifecycle.platform.clock.now();
  const results: (Refusal | undefined)[] = [];
  for (const batch of inBatches(asked, MAX_AT_ONCE)) {
    results.push(
      ...(await database.transaction(async (transaction) => {
        const refusals: (Refusal | undefined)[] = [];
        const windows = new Map<string, Predicted>();
        for (const entry of batch) {
          const prediction = entry && predictions.get(entry.task_id);
          if (!entry || !prediction) {
            refusals.push(entry ? 'unknown_prediction' : 'invalid_outcome');
            continue;
          }
          const { model, at: predicted_at, isNumber } = prediction;
          if (isNumber && typeof JSON.parse(entry.value) !== 'number') {
            refusals.push('invalid_outcome');
            continue;
          }
          const inserted = await transaction
            .insertInto('outcomes')
            .values({ ...entry, model, predicted_at, owner, recorded_at })
            .onConflict((conflict) => conflict.column('task_id').doNothing())
            .executeTakeFirst();
          const isNew = inserted.numInsertedOrUpdatedRows === 1n;
          refusals.push(isNew ? undefined : 'duplicate_outcome');
          if (isNew) windows.set(`${model}/${predicted_at}`, prediction);
        }
        for (const { model, at } of windows.values()) {
          await transaction
            .updateTable('windows')
            .set(({ eb, ref }) => ({
              revision: eb(ref('revision'), '+', 1),
              state: eb
                .case()
                .when('state', '=', 'open')
                .then('open' as const)
                .else('late' as const)
                .end(),
            }))
            .where('model', '=', model)
            .where('start_at', '<=', at)
            .where('end_at', '>', at)
            .execute();
        }
        for (const [key, count] of countRefusals(batch, refusals, predictions)) {
          const [model = '', code = ''] = key.split('/');
          await transaction
            .insertInto('refusals')
            .values({ model, code, count })
            .onConflict((conflict) =>
              conflict
                .columns(['model', 'code'])
                .doUpdateSet(({ eb, ref }) => ({ count: eb(ref('refusals.count'), '+', count) })),
            )
            .execute();
        }
        return refusals;
      })),
    );
  }
  return results;
}

/** By model and code. Predictions that are not known have no model. */
function countRefusals(
  batch: readonly (Asked | undefined)[],
  refusals: readonly (Refusal | undefined)[],
  predictions: ReadonlyMap<string, Predicted>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [at, refusal] of refusals.entries()) {
    if (!refusal) continue;
    const key = `${predictions.get(batch[at]?.task_id ?? '')?.model ?? ''}/${refusal}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
