import { randomUUID } from 'node:crypto';
import type { Task } from '@aws-sdk/client-ecs';
import type { Clock, ControlledInstance, InstanceController, InstancePhase, InstanceState } from '#core';
import { type ControlRows, isStarting, type Launch } from './control-rows.ts';
import { type EcsServices, taskIdOf } from './ecs-services.ts';

export interface EcsInstanceControllerOptions {
  readonly services: EcsServices;
  readonly rows: ControlRows;
  readonly clock: Clock;
}

const STOPPED_BY_OPERATOR = 'Stopped by an operator.';

/**
 * Instances as tasks of one ECS service per model. A launch is a row with an id, and one more task of the service, which
 * adopts the id when it starts. So a roll-out replaces launched instances, and deleting the stack stops them.
 */
export class EcsInstanceController implements InstanceController {
  readonly #options: EcsInstanceControllerOptions;

  constructor(options: EcsInstanceControllerOptions) {
    this.#options = options;
  }

  async list(model: string): Promise<readonly ControlledInstance[]> {
    const { services, rows, clock } = this.#options;
    const [tasks, launches] = await Promise.all([services.tasks(model), rows.launches(model)]);
    const adopted = new Map(
      launches.flatMap((launch) => (launch.taskId === undefined ? [] : [[launch.taskId, launch]])),
    );
    const free = tasks.filter((task) => !adopted.has(taskIdOf(task)));
    // A launch that no task has adopted yet is shown as one of the starting tasks.
    const starting = free.filter((task) => STATES[phaseOf(task)] === 'starting');
    const waiting = launches.filter((launch) => launch.taskId === undefined && isStarting(launch, clock.now()));
    const expected = new Set(starting.slice(0, waiting.length));
    return [
      ...tasks
        .filter((task) => !expected.has(task))
        .map((task) => toInstance(model, adopted.get(taskIdOf(task)) ?? { id: taskIdOf(task) }, task)),
      ...waiting.map((launch, at) => toInstance(model, launch, starting[at])),
    ];
  }

  async launch(model: string, variant?: string): Promise<ControlledInstance> {
    const { services, rows, clock } = this.#options;
    const { desiredCount = 0 } = await services.get(model);
    const launch: Launch = {
      id: randomUUID().replaceAll('-', ''),
      ...(variant === undefined ? {} : { variant }),
      createdAt: clock.now(),
    };
    await rows.putLaunch(model, launch);
    try {
      await services.setDesired(model, desiredCount + 1);
    } catch (error) {
      await rows.end(model, launch.id, clock.now());
      throw error;
    }
    return toInstance(model, launch, undefined);
  }

  /** Raises the desired count from zero. */
  async wake(model: string): Promise<void> {
    const { services } = this.#options;
    const { desiredCount = 0 } = await services.get(model);
    if (desiredCount === 0) await services.setDesired(model, 1);
  }

  async stop(model: string, id: string): Promise<boolean> {
    const { services, rows, clock } = this.#options;
    const [tasks, launches] = await Promise.all([services.tasks(model), rows.launches(model)]);
    const launch = launches.find((candidate) => candidate.id === id);
    const task = tasks.find((candidate) => taskIdOf(candidate) === (launch?.taskId ?? id));
    if (!launch && !task) return false;
    if (launch) await rows.end(model, id, clock.now());
    if (task?.desiredStatus === 'STOPPED') return true;
    if (task?.taskArn !== undefined) await services.stopTask(task.taskArn, STOPPED_BY_OPERATOR);
    // Otherwise the service would start another task in its place.
    await this.#lower(model);
    return true;
  }

  close(): void {
    this.#options.services.close();
  }

  async #lower(model: string): Promise<void> {
    const { services } = this.#options;
    const { desiredCount = 0 } = await services.get(model);
    if (desiredCount > 0) await services.setDesired(model, desiredCount - 1);
  }
}

function toInstance(
  model: string,
  { id, variant }: Pick<Launch, 'id' | 'variant'>,
  task: Task | undefined,
): ControlledInstance {
  const phase = task ? phaseOf(task) : 'provisioning';
  return {
    id,
    name: `${model}-${id.slice(0, 8)}`,
    model,
    ...(variant === undefined ? {} : { variant }),
    state: STATES[phase],
    phase,
    image: task?.containers?.[0]?.image ?? '',
  };
}

const STATES: Readonly<Record<InstancePhase, InstanceState>> = {
  provisioning: 'starting',
  pulling: 'starting',
  starting: 'starting',
  ready: 'ready',
  draining: 'draining',
};

/** The health check tests readiness, so a healthy task is ready. */
function phaseOf({ desiredStatus, lastStatus, healthStatus, pullStartedAt, pullStoppedAt }: Task): InstancePhase {
  if (desiredStatus === 'STOPPED') return 'draining';
  if (lastStatus === 'RUNNING') return healthStatus === 'HEALTHY' ? 'ready' : 'starting';
  if (pullStoppedAt !== undefined) return 'starting';
  return pullStartedAt === undefined ? 'provisioning' : 'pulling';
}
