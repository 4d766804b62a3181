import type { AddVerb } from './program.ts';

/** A verb of the command line. Its module is imported when it is called, so that `--help` is quick. */
export interface Verb {
  readonly name: string;
  readonly about: string;
  readonly load: () => Promise<AddVerb>;
}

const account = async () => (await import('./verbs/account.ts')).addAccount;
const admin = async () => (await import('./verbs/admin.ts')).addAdmin;
const models = async () => (await import('./verbs/models.ts')).addModels;

/** Every verb, in the order of the help. */
export const VERBS: readonly Verb[] = [
  {
    name: 'start',
    about: 'runs the API, the queues, the stores and every model on this machine',
    load: async () => (await import('./verbs/start.ts')).addStart,
  },
  {
    name: 'init',
    about: 'writes the folder and the contract of a new model',
    load: async () => (await import('./init/init-command.ts')).addInit,
  },
  { name: 'models', about: 'lists the models, or shows one with its limits', load: models },
  { name: 'instances', about: 'lists, launches and drains instances', load: models },
  {
    name: 'predict',
    about: 'submits a request and prints the result',
    load: async () => (await import('./verbs/predict.ts')).addPredict,
  },
  {
    name: 'tasks',
    about: 'lists, shows, watches, cancels and retries tasks',
    load: async () => (await import('./verbs/tasks.ts')).addTasks,
  },
  {
    name: 'logs',
    about: 'prints what the instances of a model, one instance or the run of a task have logged',
    load: async () => (await import('./verbs/logs.ts')).addLogs,
  },
  {
    name: 'dead-letters',
    about: 'lists tasks that were given up, and runs them again',
    load: async () => (await import('./verbs/dead-letters.ts')).addDeadLetters,
  },
  {
    name: 'batch',
    about: 'predicts every line of an NDJSON file; started again, it resumes',
    load: async () => (await import('./verbs/batch.ts')).addBatch,
  },
  {
    name: 'load',
    about: 'predicts at a constant rate, and prints percentiles and errors',
    load: async () => (await import('./verbs/load.ts')).addLoad,
  },
  {
    name: 'pipelines',
    about: 'lists, shows, starts, cancels and retries runs of pipelines of the lifecycle',
    load: async () => (await import('./verbs/pipelines.ts')).addPipelines,
  },
  {
    name: 'cost',
    about: 'itemizes what predictions cost on AWS',
    load: async () => (await import('./verbs/cost.ts')).addCost,
  },
  {
    name: 'types',
    about: 'prints TypeScript types of every model, for @modelyard/client',
    load: async () => (await import('./verbs/types.ts')).addTypes,
  },
  {
    name: 'collection',
    about: 'prints a collection of every operation, for Postman and Bruno',
    load: async () => (await import('./verbs/collection.ts')).addCollection,
  },
  {
    name: 'login',
    about: 'logs in and keeps an API key of this machine in the profile, readable by you alone',
    load: account,
  },
  { name: 'logout', about: 'forgets the login of the profile', load: account },
  { name: 'whoami', about: 'tells who the API takes you for', load: account },
  { name: 'keys', about: 'lists, creates and revokes my API keys', load: admin },
  {
    name: 'users',
    about: 'lists and changes users, for admins',
    load: async () => (await import('./verbs/users.ts')).addUsers,
  },
  { name: 'calls', about: 'lists my calls, or with --all those of every user, for admins', load: admin },
  {
    name: 'doctor',
    about: 'checks ports, Node, Python, Docker, brokers and AWS, and says what to do',
    load: async () => (await import('./verbs/doctor.ts')).addDoctor,
  },
  {
    name: 'completion',
    about: 'prints a script that completes verbs in bash, zsh or fish',
    load: async () => (await import('./verbs/completion.ts')).addCompletion,
  },
];
