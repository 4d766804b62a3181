import type { Service } from '@aws-sdk/client-ecs';
import type { CapacityProvider } from './ecs-services.ts';

/** In the event of a service that could start no task, by the documentation of ECS. */
const NO_CAPACITY = /capacity is unavailable/i;
const RECENT_MS = 5 * 60_000;
/** An awake model asks for Spot again after this time on demand. */
const RETURN_MS = 6 * 3_600_000;

/**
 * Where a service on Spot should run instead of where it does now. Undefined: there. On demand while Spot has no
 * capacity; on Spot again when the model sleeps, and after six hours. A service that has no strategy was deployed on
 * demand and stays there.
 */
export function otherCapacity(service: Service, now: number): CapacityProvider | undefined {
  const { capacityProviderStrategy: [current] = [], desiredCount = 0, runningCount = 0, events = [] } = service;
  if (current?.capacityProvider === 'FARGATE_SPOT') {
    const isRefused = events.some(
      ({ message = '', createdAt }) => NO_CAPACITY.test(message) && now - (createdAt?.getTime() ?? 0) < RECENT_MS,
    );
    return isRefused && runningCount < desiredCount ? 'FARGATE' : undefined;
  }
  if (current?.capacityProvider !== 'FARGATE') return undefined;
  const isAsleep = desiredCount === 0 && runningCount === 0;
  const since = service.deployments?.find(({ status }) => status === 'PRIMARY')?.createdAt?.getTime() ?? now;
  return isAsleep || now - since > RETURN_MS ? 'FARGATE_SPOT' : undefined;
}
