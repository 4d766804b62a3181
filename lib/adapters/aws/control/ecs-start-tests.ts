import type { Task } from '@aws-sdk/client-ecs';
import type { StartLook, StartTests } from '#core';
import type { EcsServices } from './ecs-services.ts';
import type { StackState } from './stack-state.ts';

export interface EcsStartTestsOptions {
  readonly services: EcsServices;
  readonly stacks: Pick<StackState, 'isRollingBack'>;
}

/** Neither an operator nor the end of Spot capacity is a fault of the image. */
const OF_IMAGE: readonly unknown[] = ['EssentialContainerExited', 'TaskFailedToStart'];
const UNHEALTHY = /health check/i;

/** Tests of images by the ECS service of a model. An image is a task definition. */
export class EcsStartTests implements StartTests {
  readonly #options: EcsStartTestsOptions;

  constructor(options: EcsStartTestsOptions) {
    this.#options = options;
  }

  async look(model: string, image: string): Promise<StartLook | undefined> {
    const { services } = this.#options;
    const [service, tasks] = await Promise.all([services.find(model), services.allTasks(model)]);
    if (!service) return undefined;
    const ours = tasks.filter(({ taskDefinitionArn }) => taskDefinitionArn === image);
    return {
      desired: service.desiredCount ?? 0,
      isHealthy: ours.some(({ lastStatus, healthStatus }) => lastStatus === 'RUNNING' && healthStatus === 'HEALTHY'),
      failures: ours.filter(isFailed).toSorted(byEnd).map(reasonOf),
    };
  }

  setDesired(model: string, desired: number): Promise<void> {
    return this.#options.services.setDesired(model, desired);
  }

  isRollingBack(deployment: string): Promise<boolean> {
    return this.#options.stacks.isRollingBack(deployment);
  }
}

const isFailed = ({ lastStatus, stopCode, stoppedReason = '' }: Task): boolean =>
  lastStatus === 'STOPPED' && (OF_IMAGE.includes(stopCode) || UNHEALTHY.test(stoppedReason));

const byEnd = (a: Task, b: Task): number => Number(a.stoppedAt ?? 0) - Number(b.stoppedAt ?? 0);

/** The reason of the container that ended, which says more than that of the task. */
const reasonOf = ({ containers = [], stoppedReason = 'no reason is known.' }: Task): string => {
  const ended = containers.find(({ exitCode, reason }) => exitCode !== undefined || reason !== undefined);
  const code = ended?.exitCode === undefined ? '' : ` (exit code ${ended.exitCode})`;
  return `${ended?.reason ?? stoppedReason}${code}`;
};
