import type { Service } from '@aws-sdk/client-ecs';
import type { Clock, InstanceScaler, ScaledService, ScalingMemory } from '#core';
import { type ControlRows, isStarting, type Launch } from './control-rows.ts';
import { type EcsServices, taskIdOf } from './ecs-services.ts';
import { otherCapacity } from './spot-fallback.ts';

export interface EcsInstanceScalerOptions {
  readonly services: EcsServices;
  readonly rows: ControlRows;
  readonly clock: Clock;
}

/** Renewed at every look, which is once a minute. */
const PROTECTED_MINUTES = 5;
/** Time that runs have to end on an old image after a roll-out began. */
const ROLL_OUT_PATIENCE_MS = 15 * 60_000;

/** The desired counts of the services. Holds launched instances, except while a roll-out replaces them. */
export class EcsInstanceScaler implements InstanceScaler {
  readonly #options: EcsInstanceScalerOptions;

  constructor(options: EcsInstanceScalerOptions) {
    this.#options = options;
  }

  async read(model: string, live: readonly string[]): Promise<ScaledService | undefined> {
    const { services, rows, clock } = this.#options;
    const [service, launches, memory] = await Promise.all([
      services.find(model),
      rows.launches(model),
      rows.readMemory(model),
    ]);
    if (!service) return undefined;
    await this.#protect(model, service, launches);
    const capacity = otherCapacity(service, clock.now());
    if (capacity) await services.setCapacity(model, capacity);
    const launched = launches.filter((launch) => live.includes(launch.id) || isStarting(launch, clock.now()));
    return { desired: service.desiredCount ?? 0, launched: launched.map(({ id }) => id), memory };
  }

  setDesired(model: string, desired: number): Promise<void> {
    return this.#options.services.setDesired(model, desired);
  }

  remember(model: string, memory: ScalingMemory): Promise<void> {
    return this.#options.rows.writeMemory(model, memory);
  }

  /** ECS stops no protected task, neither to scale in nor in a roll-out. */
  async #protect(model: string, { deployments = [] }: Service, launches: readonly Launch[]): Promise<void> {
    const { services, clock } = this.#options;
    const held = launches.flatMap(({ taskId }) => taskId ?? []);
    if (deployments.length <= 1) return services.protect(held, PROTECTED_MINUTES);
    const startedAt = deployments.find(({ status }) => status === 'PRIMARY')?.createdAt?.getTime() ?? clock.now();
    const isLate = clock.now() - startedAt > ROLL_OUT_PATIENCE_MS;
    await services.protect(isLate ? (await services.tasks(model)).map(taskIdOf) : held, 0);
  }
}
