import { loadSourceVerb } from '#cli/source-verbs';
import type { AddVerb } from './program.ts';

/** A verb of the command line. Its module is imported when it is called, so that `--help` is quick. */
export interface Verb {
  readonly name: string;
  readonly about: string;
  readonly load: () => Promise<AddVerb>;
}

const verb = (name: string, about: string, load: Verb['load']): Verb => ({ name, about, load });

const account = async () => (await import('./verbs/account.ts')).addAccount;
const admin = async () => (await import('./verbs/admin.ts')).addAdmin;
const models = async () => (await import('./verbs/models.ts')).addModels;

/** Every verb, in the order of the help. */
export const VERBS: readonly Verb[] = [
  verb('start', 'runs the API, the queues, the stores and every model on this machine', loadSourceVerb.start),
  verb('init', 'writes the folder and the contract of a new model', loadSourceVerb.init),
  verb('models', 'lists the models, or shows one with its limits', models),
  verb('instances', 'lists, launches and drains instances', models),
  verb(
    'predict',
    'submits a request and prints the result',
    async () => (await import('./verbs/predict.ts')).addPredict,
  ),
  verb(
    'tasks',
    'lists, shows, watches, cancels and retries tasks',
    async () => (await import('./verbs/tasks.ts')).addTasks,
  ),
  verb(
    'logs',
    'prints what the instances of a model, one instance or the run of a task have logged',
    async () => (await import('./verbs/logs.ts')).addLogs,
  ),
  verb(
    'dead-letters',
    'lists tasks that were given up, and runs them again',
    async () => (await import('./verbs/dead-letters.ts')).addDeadLetters,
  ),
  verb(
    'batch',
    'predicts every line of an NDJSON file; started again, it resumes',
    async () => (await import('./verbs/batch.ts')).addBatch,
  ),
  verb(
    'load',
    'predicts at a constant rate, and prints percentiles and errors',
    async () => (await import('./verbs/load.ts')).addLoad,
  ),
  verb(
    'pipelines',
    'lists, shows, starts, cancels and retries runs of pipelines of the lifecycle',
    async () => (await import('./verbs/pipelines.ts')).addPipelines,
  ),
  verb('cost', 'itemizes what predictions cost on AWS', loadSourceVerb.cost),
  verb(
    'types',
    'prints types of every model, for the clients in TypeScript and Python',
    async () => (await import('./verbs/types.ts')).addTypes,
  ),
  verb(
    'collection',
    'prints a collection of every operation, for Postman and Bruno',
    async () => (await import('./verbs/collection.ts')).addCollection,
  ),
  verb('login', 'logs in and keeps an API key of this machine in the profile, readable by you alone', account),
  verb('logout', 'forgets the login of the profile', account),
  verb('whoami', 'tells who the API takes you for', account),
  verb('keys', 'lists, creates and revokes my API keys', admin),
  verb('users', 'lists and changes users, for admins', async () => (await import('./verbs/users.ts')).addUsers),
  verb('calls', 'lists my calls, or with --all those of every user, for admins', admin),
  verb(
    'doctor',
    'checks ports, Node, Python, Docker, brokers and AWS, and says what to do',
    async () => (await import('./verbs/doctor.ts')).addDoctor,
  ),
  verb(
    'completion',
    'prints a script that completes verbs and options in bash, zsh or fish',
    async () => (await import('./verbs/completion.ts')).addCompletion,
  ),
];
