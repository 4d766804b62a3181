import type { Task } from '@aws-sdk/client-ecs';
import type { ControlledInstance, InstancePhase, InstanceState } from '#core';

/** Maps an ECS task to an instance. */
export function toInstance(task: Task, model: string, variantVariable: string): ControlledInstance {
  const id = idOf(task);
  const variant = variantOf(task, variantVariable);
  const phase = phaseOf(task);
  return {
    id,
    name: `${model}-${id.slice(0, 8)}`,
    model,
    ...(variant === undefined ? {} : { variant }),
    state: STATES[phase],
    phase,
    image: task.containers?.[0]?.image ?? '',
  };
}

/** The last part of the ARN: the id under which the instance registers. */
export const idOf = ({ taskArn = '' }: Task): string => taskArn.slice(taskArn.lastIndexOf('/') + 1);

/** ECS lists tasks for an hour after their end. */
export const isOver = ({ lastStatus }: Task): boolean => lastStatus === 'STOPPED' || lastStatus === 'DELETED';

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

function variantOf({ overrides }: Task, variable: string): string | undefined {
  const environment = overrides?.containerOverrides?.flatMap((override) => override.environment ?? []);
  return environment?.find(({ name }) => name === variable)?.value;
}
