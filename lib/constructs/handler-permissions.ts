import type { Data } from './data.ts';
import type { Consumer } from './handler-function.ts';
import type { Identity } from './identity.ts';
import type { ModelQueueGrants } from './model-queues.ts';
import type { ModelServiceGrants } from './model-service.ts';
import type { WebhookQueue } from './webhook-queue.ts';

export interface Grantors {
  readonly data: Data;
  readonly identity: Identity;
  readonly queues: readonly ModelQueueGrants[];
  readonly services: readonly ModelServiceGrants[];
  readonly webhooks: WebhookQueue;
}

/** All permissions of handlers by name. */
export const PERMISSIONS = {
  'create tasks': ({ data }, to) => data.grantCreateTasks(to),
  'create batches': ({ data }, to) => data.grantReadBatches(to, { creates: true }),
  'read batches': ({ data }, to) => data.grantReadBatches(to),
  'get tasks': ({ data }, to) => data.grantGetTask(to),
  'list tasks': ({ data, identity }, to) => {
    data.grantListTasks(to);
    identity.grantListUsers(to);
  },
  'count dead letters': ({ data }, to) => data.grantCountDeadLetters(to),
  'read requests': ({ data }, to) => data.grantReadRequests(to),
  'read statistics': ({ data }, to) => data.grantReadStats(to),
  'read results': ({ data }, to) => data.grantReadResults(to),
  'give tasks up': ({ data }, to) => data.grantGiveUp(to),
  'probe tasks': ({ data }, to) => data.grantProbeTasks(to),
  'list models': ({ data }, to) => data.grantListModels(to),
  'read contracts': ({ data }, to) => data.grantReadContracts(to),
  'send tasks': ({ queues }, to) => {
    for (const queue of queues) queue.grantSend(to);
  },
  'wake webhooks': ({ webhooks }, to) => webhooks.grantWake(to),
  'measure queues': ({ queues }, to) => {
    for (const queue of queues) queue.grantMeasure(to);
  },
  'change models': ({ data }, to) => data.grantLockModels(to),
  'test starts': ({ services }, to) => {
    for (const service of services) {
      service.grantWake(to);
      service.grantList(to);
    }
  },
  'wake models': ({ data, services }, to) => {
    data.grantLockModels(to);
    for (const service of services) {
      service.grantList(to);
      service.grantWake(to);
    }
  },
  'list instances': ({ data, services }, to) => {
    data.grantReadLaunches(to);
    for (const service of services) service.grantList(to);
  },
  'read logs': ({ services }, to) => {
    for (const service of services) service.grantReadLogs(to);
  },
  'launch instances': ({ data, services }, to) => {
    data.grantLaunch(to);
    for (const service of services) service.grantWake(to);
  },
  'stop instances': ({ data, services }, to) => {
    data.grantEndLaunches(to);
    for (const service of services) service.grantStop(to);
  },
  'scale models': ({ data, services }, to) => {
    data.grantReadLaunches(to);
    data.grantRememberScaling(to);
    for (const service of services) service.grantScale(to);
  },
  'verify callers': ({ identity }, to) => identity.grantVerify(to),
  'log users in': ({ identity }, to) => identity.grantLogIn(to),
  'keep own keys': ({ identity }, to) => identity.grantKeepKeys(to),
  'read calls': ({ data, identity }, to) => {
    data.grantReadCalls(to);
    identity.grantFindUsers(to);
  },
  'record calls': ({ data }, to) => data.grantRecordCalls(to),
  'administer users': ({ identity }, to) => identity.grantAdminister(to),
} as const satisfies Record<string, (grantors: Grantors, to: Consumer) => void>;

export type Permission = keyof typeof PERMISSIONS;
