import { hash } from 'node:crypto';
import {
  keyedTaskId,
  listTasks,
  listTasksOfAll,
  ModelyardError,
  readStats,
  type Task,
  type TaskPage,
  TRANSFER_PATH,
  uploadKey,
} from '#core';
import { redeliverWebhook, rotateWebhookSecret, webhookSecrets } from '#core/webhooks';
import type { Gateway, GatewayPorts, SimSubmit } from './gateways.ts';
import { type CallerDeps, untilDone } from './repeated-calls.ts';
import { encodeRequest, type SimRequest } from './requests.ts';
import { OWNERS } from './scenario.ts';
import { MODEL } from './sim-model.ts';

/** Longer than a simulation. */
const MINUTES = 120;

/** What a caller does beside submits and looks at single tasks. */
export class Steering {
  readonly #deps: CallerDeps;

  constructor(deps: CallerDeps) {
    this.#deps = deps;
  }

  /** Gives the secret of its owner to the receiver of its webhooks. */
  async learnSecret(): Promise<void> {
    const { owner, name } = this.#deps.plan;
    const { oracle, engine } = this.#deps.world;
    const known = await this.#untilDone('secret', owner, async (ports) => {
      const askedMs = engine.now;
      const { secret } = await webhookSecrets(this.#withWebhooks(ports), owner);
      return { secret, askedMs, by: undefined };
    });
    if (known) oracle.hooks.secretInstalled(name, known);
  }

  /** Replaces the secret, and gives the new one to the receiver a while later. */
  async rotateSecret(): Promise<void> {
    const { plan, world, clock } = this.#deps;
    const { owner, name, hook } = plan;
    if (!hook?.rotation) return;
    await clock.sleep(hook.rotation.afterMs);
    const { oracle, engine } = world;
    const known = await this.#untilDone('rotate', owner, async (ports) => {
      const by = oracle.hooks.rotationBegan(owner);
      const askedMs = engine.now;
      // One that fails may have replaced it.
      const { secret } = await rotateWebhookSecret(this.#withWebhooks(ports), owner).finally(() => {
        by.endedMs = engine.now;
      });
      return { secret, askedMs, by };
    });
    await clock.sleep(hook.rotation.installMs);
    if (known) oracle.hooks.secretInstalled(name, known);
  }

  /** Has the last end of a task sent to the receiver again. */
  async redeliver(id: string): Promise<void> {
    const { plan, world } = this.#deps;
    const { oracle, engine, describe } = world;
    for (let left = plan.hook?.redeliveries ?? 0; left > 0; left--) {
      await this.#untilDone('redeliver', describe.alias(id), async (ports) => {
        const askedMs = engine.now;
        const { round } = await redeliverWebhook(this.#withWebhooks(ports), id);
        oracle.hooks.redelivered({ id, round, askedMs });
      });
    }
  }

  /** Reads a list page by page, then the statistics. */
  async look(): Promise<void> {
    const { plan, world } = this.#deps;
    const { looks, owner } = plan;
    if (!looks) return;
    const { oracle, engine } = world;
    const owners = looks.isOfAll ? OWNERS : [owner];
    const asked = { askedMs: engine.now, askedUnixMs: engine.unixMs };
    const filter = looks.state === undefined ? {} : { state: looks.state };
    const tasks: Task[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: looks.limit, ...filter, ...(cursor === undefined ? {} : { cursor }) };
      const page: TaskPage | undefined = await this.#untilDone('list', cursor ?? owner, (ports) =>
        looks.isOfAll ? listTasksOfAll(ports, { ...query, owners }) : listTasks(ports, { ...query, owner }),
      );
      if (!page) return;
      tasks.push(...page.tasks);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    oracle.listed({ owners, state: looks.state, ...asked, tasks });
    await this.#untilDone('stats', MODEL, async ({ stats, clock }) => {
      if (stats) oracle.counted(await readStats({ stats, clock }, { model: MODEL, minutes: MINUTES }), MINUTES);
    });
  }

  /** Uploads a request, as `lambdas/manage-uploads` lets it do. Resolves with what its submit needs. */
  async upload(request: SimRequest, key: string): Promise<SimSubmit['uploaded']> {
    const { plan, world, call } = this.#deps;
    const bytes = encodeRequest(request);
    const expected = { size: bytes.byteLength, sha256: hash('sha256', bytes) };
    const blob = uploadKey(keyedTaskId(plan.owner, MODEL, key), expected.sha256, false);
    const about = `request ${request.number}`;
    const put = async (sent: Uint8Array): Promise<void> => {
      const open = (gateway: Gateway) =>
        gateway.answer('An upload', 0, ({ transfers }) => transfers.addressToPut(blob, expected));
      const { url } = await call('upload', open, about);
      const transfer = async (gateway: Gateway) => {
        await gateway.answer('A transfer', 0, ({ transfers }) =>
          transfers.receive(url.slice(TRANSFER_PATH.length), pieces(sent)),
        );
        world.oracle.uploaded(sent === bytes);
      };
      await call('transfer', transfer, about);
    };
    if (plan.upload?.isWrongFirst) await put(bytes.with(0, 0)).catch(() => undefined);
    await put(bytes);
    await call('look for upload', (gateway) => gateway.answer('A look', 0, arrived(blob, expected.size)), about);
    return { payload: { kind: 'blob', key: blob, size: expected.size }, hash: expected.sha256 };
  }

  #withWebhooks({ webhooks, clock }: GatewayPorts) {
    if (!webhooks) throw new Error('The scenario has no webhooks.');
    return { webhooks, clock };
  }

  #untilDone<T>(name: string, about: string, serve: (ports: GatewayPorts) => Promise<T>): Promise<T | undefined> {
    return untilDone(this.#deps, name, about, serve);
  }
}

const arrived =
  (key: string, expected: number) =>
  async ({ transfers }: GatewayPorts): Promise<void> => {
    if ((await transfers.sizeOf(key)) !== expected) {
      throw new ModelyardError('resource_not_found', 'There is no such upload.');
    }
  };

async function* pieces(bytes: Uint8Array) {
  const half = bytes.byteLength >> 1;
  yield bytes.subarray(0, half);
  yield bytes.subarray(half);
}
