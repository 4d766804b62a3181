import type { Service } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { otherCapacity } from '#adapters/aws/control/spot-fallback.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const MINUTE = 60_000;

/** As ECS documents it. */
const REFUSED =
  '(service a) was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.';

const service = (more: Partial<Service> & { on?: string; refusedAt?: number; since?: number } = {}): Service => {
  const { on, refusedAt, since = 0, ...rest } = more;
  return {
    desiredCount: 1,
    runningCount: 0,
    ...(on === undefined ? {} : { capacityProviderStrategy: [{ capacityProvider: on, weight: 1 }] }),
    events: refusedAt === undefined ? [] : [{ message: REFUSED, createdAt: new Date(refusedAt) }],
    deployments: [{ status: 'PRIMARY', createdAt: new Date(NOW - since) }],
    ...rest,
  };
};

describe('a service on Spot', () => {
  it('runs on demand when ECS could not start a task for lack of capacity', () => {
    expect(otherCapacity(service({ on: 'FARGATE_SPOT', refusedAt: NOW - MINUTE }), NOW)).toBe('FARGATE');
  });

  it.each([
    ['it starts for another reason later', service({ on: 'FARGATE_SPOT' })],
    ['the refusal is old', service({ on: 'FARGATE_SPOT', refusedAt: NOW - 6 * MINUTE })],
    ['all its tasks run', service({ on: 'FARGATE_SPOT', refusedAt: NOW, runningCount: 1 })],
    ['it sleeps', service({ on: 'FARGATE_SPOT', refusedAt: NOW, desiredCount: 0 })],
  ])('stays there when %s', (_, found) => {
    expect(otherCapacity(found, NOW)).toBeUndefined();
  });
});

describe('a service that has left Spot', () => {
  it('returns when its model sleeps, and after six hours', () => {
    expect(otherCapacity(service({ on: 'FARGATE', desiredCount: 0 }), NOW)).toBe('FARGATE_SPOT');
    expect(otherCapacity(service({ on: 'FARGATE', runningCount: 1, since: 361 * MINUTE }), NOW)).toBe('FARGATE_SPOT');
  });

  it('stays on demand until then', () => {
    expect(otherCapacity(service({ on: 'FARGATE', runningCount: 1, since: 60 * MINUTE }), NOW)).toBeUndefined();
  });
});

it('a service that was deployed on demand stays there', () => {
  expect(otherCapacity(service({ refusedAt: NOW }), NOW)).toBeUndefined();
});
