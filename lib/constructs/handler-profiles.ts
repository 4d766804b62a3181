import type { HandlerName } from '#api/http/routes.ts';
import type { Permission } from './handler-permissions.ts';

/**
 * Memory of every handler, chosen with `npm run bench:handler`: the submit handler uses 110 MiB for usual bodies and
 * 190 to 220 MiB for the largest that Lambda accepts. A prediction takes 2.5 ms of a core: 17 ms with 256 MiB and 9 ms
 * with 512, but waiting time would cost twice as much. A cold start gets a full core with any memory.
 */
export const HANDLER_MEMORY_MIB = 256;

/** Handlers that are not in the route table. */
export type BackgroundHandlerName =
  | 'give-up-task'
  | 'send-webhooks'
  | 'collect-metrics'
  | 'record-calls'
  | 'test-start'
  | 'refuse-route'
  | 'authorize-caller';

export interface HandlerProfile {
  readonly description: string;
  readonly may: readonly Permission[];
  /** @default `HANDLER_MEMORY_MIB` */
  readonly memoryMiB?: number;
}

/** A whole core: a password costs a quarter of a second of one, at any memory for the same price. */
const PASSWORD_MEMORY_MIB = 1769;

/** A whole core: each of a thousand calls of the SDK takes 0.4 ms of one. */
const BATCH_MEMORY_MIB = 1769;

/** The permissions of each handler. A handler without a profile does not compile. */
export const PROFILES: Record<HandlerName | BackgroundHandlerName, HandlerProfile> = {
  'submit-task': {
    description: 'Accepts tasks, and answers with the result when the caller waits for it',
    may: [
      'create tasks',
      'send tasks',
      'wake webhooks',
      'read results',
      'list models',
      'read contracts',
      'measure queues',
      'wake models',
    ],
  },
  'submit-batch': {
    description: 'Accepts many tasks at once',
    may: [
      'create tasks',
      'create batches',
      'send tasks',
      'wake webhooks',
      'list models',
      'read contracts',
      'measure queues',
      'wake models',
    ],
    memoryMiB: BATCH_MEMORY_MIB,
  },
  'manage-uploads': {
    description: 'Gives addresses for large requests, and accepts their tasks',
    may: [
      'create tasks',
      'read requests',
      'send tasks',
      'wake webhooks',
      'read results',
      'list models',
      'read contracts',
      'measure queues',
      'wake models',
    ],
  },
  'get-batch': {
    description: 'Answers with a batch and its results',
    may: ['get tasks', 'read batches', 'read requests', 'read results', 'read contracts'],
    memoryMiB: BATCH_MEMORY_MIB,
  },
  'get-task': {
    description: 'Answers with a task',
    may: [
      'get tasks',
      'read requests',
      'read results',
      'list models',
      'read contracts',
      'measure queues',
      'wake models',
    ],
  },
  'get-result': {
    description: 'Answers with the result of a task',
    may: ['get tasks', 'read results', 'list models', 'read contracts', 'measure queues', 'wake models'],
  },
  'list-tasks': { description: 'Lists the tasks of an owner, or of all for admins', may: ['list tasks'] },
  'cancel-task': { description: 'Cancels a task', may: ['get tasks', 'read results', 'read contracts'] },
  'get-stats': { description: 'Tells how the tasks of a model ended', may: ['read statistics', 'list models'] },
  'list-models': {
    description: 'Lists the active models',
    may: ['list models', 'measure queues', 'count dead letters'],
  },
  'get-model': { description: 'Answers with a model', may: ['list models', 'read contracts', 'measure queues'] },
  'retry-task': {
    description: 'Runs a failed or expired task again',
    may: ['get tasks', 'send tasks', 'wake webhooks', 'list models', 'read contracts', 'wake models'],
  },
  'manage-webhooks': {
    description: 'Lists deliveries of webhooks, sends them again, and keeps the secrets that sign them',
    may: ['get tasks', 'wake webhooks'],
  },
  'manage-dead-letters': {
    description: 'Lists tasks that were given up, and runs them again',
    may: [
      'get tasks',
      'count dead letters',
      'read requests',
      'send tasks',
      'wake webhooks',
      'list models',
      'read contracts',
      'wake models',
    ],
  },
  'change-model': { description: 'Chooses the default contract version of a model', may: ['change models'] },
  'get-model-schema': { description: 'Answers with the contract of a model', may: ['list models', 'read contracts'] },
  'get-openapi': {
    description: 'Describes the API and its active models',
    may: ['list models', 'read contracts', 'measure queues'],
  },
  'get-console': { description: 'Shows the console', may: [] },
  'get-docs': { description: 'Shows the documentation', may: [] },
  'list-instances': {
    description: 'Lists the instances of a model, and shows what they have logged',
    may: ['list models', 'list instances', 'read logs'],
  },
  'launch-instance': {
    description: 'Launches an instance of a model',
    may: ['list models', 'list instances', 'launch instances'],
  },
  'stop-instance': {
    description: 'Lets an instance finish and stop',
    may: ['list models', 'list instances', 'stop instances'],
  },
  'list-calls': { description: 'Lists calls of a user, or of all users for admins', may: ['read calls'] },
  'authenticate-user': {
    description: 'Registers users and logs them in',
    may: ['log users in'],
    memoryMiB: PASSWORD_MEMORY_MIB,
  },
  'manage-account': { description: 'Shows the current user and manages their API keys', may: ['keep own keys'] },
  'manage-users': { description: 'Lists and changes users, for admins', may: ['administer users'] },
  'get-metrics': {
    description: 'Metrics for Prometheus',
    may: ['list models', 'measure queues', 'count dead letters'],
  },
  health: {
    description: 'Reports the health of the API',
    may: ['list models', 'measure queues', 'probe tasks'],
  },
  'send-webhooks': {
    description: 'Tells receivers how tasks have ended',
    may: ['get tasks', 'read results', 'read contracts', 'wake webhooks'],
  },
  'give-up-task': { description: 'Ends the tasks of dead letters as failed', may: ['give tasks up'] },
  'collect-metrics': {
    description: 'Scales every model by its backlog, every minute',
    may: ['list models', 'measure queues', 'scale models'],
  },
  'record-calls': {
    description: 'Writes the call lines of the other handlers into the call log',
    may: ['record calls'],
  },
  'test-start': { description: 'Starts an instance of a new image, while its model sleeps', may: ['test starts'] },
  'authorize-caller': { description: 'Says who calls', may: ['verify callers'] },
  'refuse-route': { description: 'Answers requests that no route takes', may: [] },
};
