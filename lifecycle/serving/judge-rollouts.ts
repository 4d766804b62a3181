import type { JsonObject } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { addEvent } from '../outbox.ts';
import { assessRollout, liveTallies } from './assess-rollout.ts';
import { numberAfter } from './deployments.ts';
import { pointModel } from './point-model.ts';
import { type RolloutTallies, runningRollout } from './rollouts.ts';
import { servingDatabase } from './serving-database.ts';
import type { RolloutRow } from './tables.ts';

/** Promotes and rolls back due roll-outs. Safe to run in several processes: each roll-out ends once. */
export async function judgeRollouts(lifecycle: Lifecycle, signal: AbortSignal): Promise<void> {
  const { query } = await servingDatabase(lifecycle);
  const running = await query.selectFrom('rollouts').selectAll().where('state', '=', 'running').execute();
  for (const rollout of running) {
    if (await settleRejected(lifecycle, rollout.model)) continue;
    const { decision, reasons, tallies } = await assessRollout(lifecycle, rollout);
    const isGuard = rollout.strategy === 'guard';
    // A guard ends at its time, whatever the number of tasks.
    if (decision === 'roll-back') {
      await concludeRollout(lifecycle, rollout, { outcome: 'roll-back', reasons, tallies, signal });
    } else if (isGuard ? lifecycle.platform.clock.now() >= rollout.until : decision === 'promote') {
      await concludeRollout(lifecycle, rollout, { outcome: 'promote', reasons, tallies, signal });
    }
  }
}

/**
 * Records a version that an instance has taken out of service. Resolves with whether this ended the running roll-out.
 */
export async function settleRejected(lifecycle: Lifecycle, model: string): Promise<boolean> {
  const rollout = await runningRollout(lifecycle, model);
  if (!rollout) return false;
  const rejected = (await lifecycle.platform.registry.readModel(model))?.deployment?.rejected;
  if (rejected?.version !== rollout.version || rejected.startedAt !== rollout.started_at) return false;
  const { reasons } = rejected;
  const tallies = await liveTallies(lifecycle, rollout);
  await concludeRollout(lifecycle, rollout, { outcome: 'roll-back', reasons, tallies });
  return true;
}

interface Conclusion {
  readonly outcome: 'promote' | 'roll-back';
  readonly reasons: readonly string[];
  /** @default those of the live instances */
  readonly tallies?: RolloutTallies;
  readonly signal?: AbortSignal;
}

/** Ends a roll-out once, updates the instances, and emits its event. Resolves with the ended row. */
export async function concludeRollout(
  lifecycle: Lifecycle,
  running: RolloutRow,
  { outcome, reasons, signal = new AbortController().signal, ...conclusion }: Conclusion,
): Promise<RolloutRow> {
  const { id, model } = running;
  const { tallies = await liveTallies(lifecycle, running) } = conclusion;
  const database = await servingDatabase(lifecycle);
  const at = lifecycle.platform.clock.now();
  const ended = await database.transaction(async (transaction) => {
    const rows = transaction.selectFrom('rollouts').selectAll().where('id', '=', id);
    const rollout = await rows.executeTakeFirstOrThrow();
    if (rollout.state !== 'running') return rollout;
    const next: RolloutRow = {
      ...rollout,
      ...{ state: outcome === 'promote' ? 'promoted' : 'rolled_back', ended_at: at },
      ...{ reasons: JSON.stringify(reasons), tallies: JSON.stringify(tallies) },
    };
    const open = transaction.updateTable('rollouts').set(next).where('id', '=', id).where('state', '=', 'running');
    // Another process has ended it meanwhile.
    if ((await open.executeTakeFirst()).numUpdatedRows !== 1n) return rows.executeTakeFirstOrThrow();
    const { version, champion, strategy, owner } = rollout;
    // A version that answers all tasks stays, and a canary or shadow that is rolled back changes no deployment.
    const changes = strategy === 'guard' ? outcome === 'roll-back' : outcome === 'promote';
    const now =
      strategy === 'guard'
        ? { kind: 'rollback' as const, version: champion, artifact: rollout.champion_artifact }
        : { kind: 'promotion' as const, version, artifact: rollout.artifact };
    if (changes) {
      const decisions = transaction.selectFrom('deployments').selectAll().where('model', '=', model);
      const before = await decisions
        .where('version', '=', now.version)
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst();
      await transaction
        .insertInto('deployments')
        .values({
          ...{
            ...now,
            model,
            id: `${id}/${next.state}`,
            number: await numberAfter(transaction, model),
            state: 'deployed',
          },
          previous: now.kind === 'promotion' ? champion : (before?.previous ?? ''),
          ...{ reasons: next.reasons, comparison: before?.comparison ?? '{}', owner, created_at: at },
        })
        .execute();
    }
    if (changes || outcome === 'roll-back') {
      const payload: JsonObject = {
        ...{ model, version: changes ? now.version : champion, previous: changes ? rollout.version : version },
        ...{ kind: outcome === 'promote' ? 'promotion' : 'rollback', strategy, reasons },
      };
      await addEvent(transaction, { type: 'deployment.changed', owner, payload, at });
    }
    return next;
  });
  await pointModel(lifecycle, model, signal);
  return ended;
}
