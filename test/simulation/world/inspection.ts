import {
  countBatch,
  getBatch,
  getTask,
  historyOf,
  type ItemOutcome,
  ModelyardError,
  type Redriven,
  readItems,
  redriveDeadLetters,
  type TaskPage,
} from '#core';
import { readWebhook } from '#core/webhooks';
import type { GatewayPorts } from './gateways.ts';
import { type CallerDeps, untilDone } from './repeated-calls.ts';
import { MODEL } from './sim-model.ts';

/** How a caller asks what has become of its tasks, and an operator of the tasks of all. */
export class Inspection {
  readonly #deps: CallerDeps;

  constructor(deps: CallerDeps) {
    this.#deps = deps;
  }

  /** Reads histories, deliveries and batches now and then, while they change. */
  async watch(ids: readonly string[]): Promise<void> {
    const { times, everyMs } = this.#deps.plan.inspects ?? { times: 0, everyMs: 0 };
    for (let left = times; left > 0; left--) {
      await this.#deps.clock.sleep(everyMs);
      await this.inspect(ids);
    }
  }

  /** Reads the histories and deliveries of tasks, the batches of their owner, and tries those of another one. */
  async inspect(ids: readonly string[]): Promise<void> {
    const { plan, world } = this.#deps;
    const { owner } = plan;
    if (!plan.inspects) return;
    const { history } = world.oracle;
    for (const id of ids) {
      await this.#readHistory(id);
      if (plan.hook) await this.#readDeliveries(id);
    }
    const batches = [...history.batches];
    for (const [id, batch] of batches) if (batch.owner === owner) await this.#readBatch(id);
    const task = [...history.rows.values()].find((row) => row.owner !== owner);
    if (task) await this.#expectNothing('history', task.id, (ports) => getTask(ports, { id: task.id, owner }));
    const [other] = batches.find(([, batch]) => batch.owner !== owner) ?? [];
    if (other) await this.#expectNothing('batch', other, (ports) => getBatch(ports, { id: other, owner }));
  }

  async #readHistory(id: string): Promise<void> {
    const { world, plan } = this.#deps;
    const { oracle, engine } = world;
    await this.#ask('history', id, async (ports) => {
      const askedMs = engine.now;
      const task = await getTask(ports, { id, owner: plan.owner });
      oracle.inspections.historyTold({ task, entries: historyOf(task), askedMs });
    });
  }

  async #readDeliveries(id: string): Promise<void> {
    const { world, plan } = this.#deps;
    const { oracle, engine } = world;
    await this.#ask('deliveries', id, async (ports) => {
      const askedMs = engine.now;
      // Whether the task is the caller's, as `lambdas/manage-webhooks` asks.
      await getTask(ports, { id, owner: plan.owner });
      const { webhooks } = ports;
      const read = webhooks && (await readWebhook({ webhooks }, id));
      oracle.inspections.deliveriesTold({ id, record: read?.record, askedMs });
    });
  }

  async #readBatch(id: string): Promise<void> {
    const { world, plan } = this.#deps;
    const { oracle, engine } = world;
    await this.#ask('batch', id, async (ports) => {
      const batch = await getBatch(ports, { id, owner: plan.owner });
      const before = oracle.inspections.itemsOf(id);
      const counts = await countBatch(ports, batch);
      oracle.inspections.batchCounted({ id, before, counts });
    });
    await this.#ask('results', id, async (ports) => {
      const askedMs = engine.now;
      const batch = await getBatch(ports, { id, owner: plan.owner });
      const items: ItemOutcome[] = [];
      for await (const item of readItems(ports, batch)) items.push(item);
      for (const item of items) if ('task' in item) oracle.seen(item.task.id, item.task, askedMs);
      oracle.inspections.resultsTold(id, items);
    });
  }

  async #expectNothing(what: string, id: string, read: (ports: GatewayPorts) => Promise<unknown>): Promise<void> {
    await this.#ask(`${what} of another`, id, async (ports) => {
      const found = await read(ports).then(
        () => true,
        (error) => {
          if (!(error instanceof ModelyardError && error.code.endsWith('_not_found'))) throw error;
        },
      );
      if (found) this.#deps.world.oracle.inspections.strangerTold(this.#deps.plan.owner, id);
    });
  }

  /** Lists the dead letters, and redrives them, all or one. Resolves with the tasks that run again. */
  async operate(): Promise<readonly string[]> {
    const { plan, world, clock } = this.#deps;
    const { operates, name } = plan;
    if (!operates) return [];
    await clock.sleep(operates.afterMs);
    const { oracle } = world;
    const ids = await this.#listDeadLetters(operates.limit);
    const chosen = operates.redrives === 'all' ? undefined : ids.slice(0, 1);
    if (operates.redrives === 'none' || chosen?.length === 0) return [];
    const redrive = () => {
      let isRepeated = false;
      return this.#ask('redrive', name, async (ports): Promise<Redriven> => {
        // The one before may have been interrupted before it sent a message: such a task is no dead letter any more.
        const asked = isRepeated ? (chosen ?? ids) : chosen;
        isRepeated = true;
        oracle.history.askedToRedrive(name, asked);
        const command = { model: MODEL, by: name, ...(asked ? { ids: asked } : {}) };
        const redriven = await redriveDeadLetters(ports, command);
        oracle.inspections.redriven(asked, redriven);
        for (const id of redriven.redriven) oracle.sentAgain(id);
        return redriven;
      });
    };
    const answers = await Promise.all(Array.from({ length: operates.atOnce }, redrive));
    return [...new Set(answers.flatMap((answer) => answer?.redriven ?? []))];
  }

  async #listDeadLetters(limit: number): Promise<readonly string[]> {
    const { world } = this.#deps;
    const { oracle, engine } = world;
    const askedMs = engine.now;
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { model: MODEL, limit, ...(cursor === undefined ? {} : { cursor }) };
      const page: TaskPage | undefined = await this.#ask('dead letters', MODEL, ({ tasks }) =>
        tasks.listDeadLetters(query),
      );
      if (!page) return [];
      oracle.inspections.deadLettersListed(page.tasks);
      ids.push(...page.tasks.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    oracle.inspections.allDeadLettersListed(ids, askedMs);
    return ids;
  }

  #ask<T>(name: string, about: string, serve: (ports: GatewayPorts) => Promise<T>): Promise<T | undefined> {
    return untilDone(this.#deps, name, this.#deps.world.describe.text(about), serve);
  }
}
