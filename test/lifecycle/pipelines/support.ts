import type { KyselyPlugin } from 'kysely';
import type { ServiceDatabase } from '#adapters/sql/service-database.ts';
import { decodeEnvelope, type JsonObject, type Pipeline } from '#core';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { runStep } from '#lifecycle/pipelines/run-step.ts';
import type { StageInputs, StageRun } from '#lifecycle/service.ts';
import { StageRequest } from '#proto/modelyard/v1/lifecycle_stage.ts';

/** Stands for SIGKILL: everything after it in the same process fails too. */
class Killed extends Error {}

/** A lifecycle whose tasks a test runs, and whose process it kills before or after any access to a store. */
export class KillableWorld {
  readonly #lifecycle: Lifecycle;
  readonly #waiting: { readonly request: StageRequest; readonly taskId: string; attempt: number }[] = [];
  /** How often each operation was performed, by its name and arguments. */
  readonly performed = new Map<string, number>();
  /** What operations answer, by name. A function may throw. */
  readonly answers: Record<string, (args: JsonObject) => JsonObject> = {};
  /** What operations depend on besides their arguments, by name. */
  readonly inputs: Record<string, StageInputs> = {};
  /** Accesses until the process is killed. */
  #left = Number.POSITIVE_INFINITY;
  accesses = 0;
  kills = 0;

  constructor(lifecycle: Lifecycle) {
    this.#lifecycle = lifecycle;
  }

  /** The accesses to stores from now on until a kill. */
  killAfter(accesses: number): void {
    this.#left = accesses;
  }

  /** What the code of the services gets. */
  get lifecycle(): Lifecycle {
    const { platform, stores, ...rest } = this.#lifecycle;
    const touch = () => this.#touch();
    const plugin: KyselyPlugin = {
      transformQuery({ node }) {
        touch();
        return node;
      },
      async transformResult({ result }) {
        touch();
        return result;
      },
    };
    return {
      ...rest,
      platform: {
        ...platform,
        accept: async (task, message) => {
          touch();
          const known = await platform.accept?.(task, message);
          const envelope = decodeEnvelope(message.body);
          const request = StageRequest.decode((envelope.request as { readonly bytes: Uint8Array }).bytes);
          if (!known) this.#waiting.push({ request, taskId: task.id, attempt: 0 });
          touch();
          return known;
        },
      },
      stores: {
        ...stores,
        async database<Tables>(...args: Parameters<typeof stores.database>) {
          const database = await stores.database<Tables>(...args);
          const killable: ServiceDatabase<Tables> = {
            ...database,
            query: database.query.withPlugin(plugin),
            transaction: (run) => database.transaction((transaction) => run(transaction.withPlugin(plugin) as never)),
          };
          return killable;
        },
      },
      inputsOf: async (operation) => this.inputs[operation],
      perform: async (operation, args) => {
        const key = `${operation} ${JSON.stringify(args)}`;
        this.performed.set(key, (this.performed.get(key) ?? 0) + 1);
        touch();
        return this.answers[operation]?.(args) ?? { done: operation };
      },
    };
  }

  /** Runs all tasks as workers do: a task whose worker was killed is delivered again. */
  async runTasks(limit = 500): Promise<void> {
    for (let runs = 0; runs < limit; runs++) {
      const [next] = this.#waiting;
      if (!next) return;
      next.attempt += 1;
      const { taskId, attempt, request } = next;
      const run: StageRun = { taskId, attempt, owner: 'someone', signal: new AbortController().signal };
      try {
        await runStep(this.lifecycle, JSON.parse(request.arguments_json) as JsonObject, run);
        this.#waiting.shift();
      } catch (error) {
        if (!this.#wasKilled(error)) continue;
        this.#left = Number.POSITIVE_INFINITY;
      }
    }
    throw new Error('The tasks do not end.');
  }

  #wasKilled(error: unknown): boolean {
    return this.#left <= 0 && (error instanceof Killed || this.kills > 0);
  }

  #touch(): void {
    this.accesses += 1;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.kills += 1;
    throw new Killed('The process was killed.');
  }
}

/** Two branches that join. */
export const DIAMOND: Pipeline = {
  name: 'diamond',
  stages: [
    { name: 'ingest', uses: 'ingestion.ingest', params: { date: '{{logical_date}}' } },
    { name: 'left', uses: 'features.materialize', after: ['ingest'], params: { version: '{{ingest.version}}' } },
    { name: 'right', uses: 'preprocessing.clean', after: ['ingest'], params: { version: 'v-{{ingest.version}}' } },
    { name: 'train', uses: 'training.train', after: ['left', 'right'], params: { left: '{{left.done}}' } },
  ],
};
