import type { HandlerName } from '#api/http/routes.ts';
import type { Permission } from './permissions.ts';

/** Handlers that are not in the route table. */
export type BackgroundHandlerName = 'give-up-task' | 'collect-metrics' | 'refuse-route';

export interface HandlerProfile {
  readonly description: string;
  readonly may: readonly Permission[];
}

/** The permissions of each handler. A handler without a profile does not compile. */
export const PROFILES: Record<HandlerName | BackgroundHandlerName, HandlerProfile> = {
  'submit-task': {
    description: 'Accepts tasks, and answers with the result when the caller waits for it',
    // Submit also waits for the result, so it reads too.
    may: ['create tasks', 'send tasks', 'read results', 'read the registry', 'measure queues', 'wake models'],
  },
  'get-task': {
    description: 'Answers with a task',
    may: ['get tasks', 'read results', 'read the registry', 'measure queues', 'wake models'],
  },
  'get-result': {
    description: 'Answers with the result of a task',
    may: ['get tasks', 'read results', 'read the registry', 'measure queues', 'wake models'],
  },
  'list-tasks': { description: 'Lists the tasks of an owner', may: ['list tasks'] },
  'list-models': { description: 'Lists the active models', may: ['read the registry', 'measure queues'] },
  'get-model': { description: 'Answers with a model', may: ['read the registry', 'measure queues'] },
  'get-model-schema': { description: 'Answers with the contract of a model', may: ['read the registry'] },
  'get-openapi': {
    description: 'Describes the API and its active models',
    may: ['read the registry', 'measure queues'],
  },
  'get-docs': { description: 'Shows the documentation', may: [] },
  'list-instances': {
    description: 'Lists the instances of a model',
    may: ['read the registry', 'measure queues', 'list instances'],
  },
  'launch-instance': {
    description: 'Launches an instance of a model',
    may: ['read the registry', 'measure queues', 'list instances', 'launch instances'],
  },
  'stop-instance': {
    description: 'Lets an instance finish and stop',
    may: ['read the registry', 'measure queues', 'list instances', 'stop instances'],
  },
  'get-metrics': {
    description: 'Metrics for Prometheus',
    may: ['read the registry', 'measure queues', 'count dead letters'],
  },
  health: { description: 'Says whether the API can do its work', may: ['read the registry', 'measure queues'] },
  'give-up-task': { description: 'Ends the tasks of dead letters as failed', may: ['give tasks up'] },
  'collect-metrics': {
    description: 'Publishes active models, live instances and backlogs every minute',
    may: ['read the registry', 'measure queues'],
  },
  'refuse-route': { description: 'Answers requests that no route takes', may: [] },
};
