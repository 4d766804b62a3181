import type { Consumer } from './consumer.ts';
import type { Data } from './data.ts';
import type { ModelQueues } from './model-queues.ts';
import type { ModelService } from './model-service.ts';

export interface Grantors {
  readonly data: Data;
  readonly queues: readonly ModelQueues[];
  readonly services: readonly ModelService[];
}

/** All permissions of handlers by name. */
export const PERMISSIONS = {
  'create tasks': ({ data }, to) => data.grantCreateTasks(to),
  'get tasks': ({ data }, to) => data.grantGetTask(to),
  'list tasks': ({ data }, to) => data.grantListTasks(to),
  'count dead letters': ({ data }, to) => data.grantCountDeadLetters(to),
  'read results': ({ data }, to) => data.grantReadResults(to),
  'give tasks up': ({ data }, to) => data.grantGiveUp(to),
  'read the registry': ({ data }, to) => data.grantReadRegistry(to),
  'send tasks': ({ queues }, to) => {
    for (const queue of queues) queue.grantSend(to);
  },
  'measure queues': ({ queues }, to) => {
    for (const queue of queues) queue.grantMeasure(to);
  },
  'wake models': ({ data, services }, to) => {
    data.grantLockModels(to);
    for (const service of services) {
      service.grantList(to);
      service.grantWake(to);
    }
  },
  'list instances': ({ services }, to) => {
    for (const service of services) service.grantList(to);
  },
  'launch instances': ({ services }, to) => {
    for (const service of services) service.grantLaunch(to);
  },
  'stop instances': ({ services }, to) => {
    for (const service of services) service.grantStop(to);
  },
} as const satisfies Record<string, (grantors: Grantors, to: Consumer) => void>;

export type Permission = keyof typeof PERMISSIONS;
