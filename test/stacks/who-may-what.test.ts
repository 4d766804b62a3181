import { beforeAll, describe, expect, it } from 'vitest';
import { statementsByRole } from '#test/support/iam.ts';
import { synthesize } from '#test/support/synthesize.ts';

/** One permission on one resource, and who has it. */
interface Grant {
  readonly who: string;
  readonly action: string;
  /** As the template names it. */
  readonly resource: string;
}

let grants: readonly Grant[];
beforeAll(async () => {
  const { template } = await synthesize('dev');
  grants = [...statementsByRole(template)].flatMap(([role, statements]) =>
    statements.flatMap(({ Action, Resource }) =>
      [Action]
        .flat()
        .flatMap((action) =>
          [Resource].flat().map((resource) => ({ who: nameOf(role), action, resource: JSON.stringify(resource) })),
        ),
    ),
  );
});

/** A handler by its own name; every model by that word, because they are equals. */
const nameOf = (role: string): string =>
  /^Handlers(\w+)ServiceRole/.exec(role)?.[1] ?? (/TaskTaskRole/.test(role) ? 'a model' : role);

const whoMay = (action: string, on: string): string[] =>
  [
    ...new Set(grants.filter((grant) => grant.action === action && grant.resource.includes(on)).map(({ who }) => who)),
  ].toSorted();

describe('exactly these', () => {
  it.each([
    [
      'send tasks',
      'sqs:SendMessage',
      'queuesTasks',
      ['ManageDeadLetters', 'ManageUploads', 'RetryTask', 'SubmitBatch', 'SubmitTask', 'a model'],
    ],
    ['reject tasks to the dead letters', 'sqs:SendMessage', 'queuesDeadLetters', ['a model']],
    ['take tasks', 'sqs:ReceiveMessage', 'queuesTasks', ['a model']],
    ['forget tasks', 'sqs:DeleteMessage', 'queuesTasks', ['a model']],
    ['take dead letters', 'sqs:ReceiveMessage', 'queuesDeadLetters', ['GiveUpTask']],
    ['keep new tasks', 'dynamodb:PutItem', 'DataTasks', ['ManageUploads', 'SubmitBatch', 'SubmitTask']],
    ['keep requests', 's3:PutObject', '/requests/*', ['ManageUploads', 'SubmitBatch', 'SubmitTask']],
    [
      'read requests',
      's3:GetObject',
      '/requests/*',
      ['GetBatch', 'GetTask', 'ManageDeadLetters', 'ManageUploads', 'SubmitBatch', 'a model'],
    ],
    ['keep results', 's3:PutObject', '/results/*', ['a model']],
    // The submit handler only because `Prefer: wait` answers with the result: it opens the one of the task it made.
    [
      'read results',
      's3:GetObject',
      '/results/*',
      ['CancelTask', 'GetBatch', 'GetResult', 'GetTask', 'ManageUploads', 'SendWebhooks', 'SubmitTask'],
    ],
    ['list tasks', 'dynamodb:Query', 'index/by-owner', ['ListTasks']],
    [
      'count tasks that were given up',
      'dynamodb:Query',
      'index/dead-letters',
      ['GetMetrics', 'ListModels', 'ManageDeadLetters'],
    ],
    ['keep letters', 's3:PutObject', '/dead-letters/*', ['GiveUpTask', 'a model']],
    ['read letters', 's3:GetObject', '/dead-letters/*', []],
    ['list blobs', 's3:ListBucket', '', []],
    ['remove blobs', 's3:DeleteObject', '', []],
    ['record calls', 'dynamodb:BatchWriteItem', 'DataCalls', ['RecordCalls']],
    ['read calls', 'dynamodb:Query', 'DataCalls', ['ListCalls']],
    ['count logins', 'dynamodb:PutItem', 'DataCalls', ['AuthenticateUser']],
    ['scan a table', 'dynamodb:Scan', '', ['ListTasks', 'ManageUsers']],
    [
      'read the keys that sign tokens',
      'secretsmanager:GetSecretValue',
      'Identity',
      ['AuthenticateUser', 'AuthorizeCaller'],
    ],
    ['remove rows', 'dynamodb:DeleteItem', '', []],
    ['run tasks beside the services', 'ecs:RunTask', '', []],
    ['hand roles on', 'iam:PassRole', '', []],
    ['stop instances', 'ecs:StopTask', '', ['StopInstance']],
    // Whoever reads a queued task wakes its model, because the wake-up at the submit may have failed.
    [
      'change how many instances run',
      'ecs:UpdateService',
      '',
      [
        'CollectMetrics',
        'GetResult',
        'GetTask',
        'LaunchInstance',
        'ManageDeadLetters',
        'ManageUploads',
        'RetryTask',
        'StopInstance',
        'SubmitBatch',
        'SubmitTask',
        'TestStart',
      ],
    ],
    ['hold instances back from scale-in', 'ecs:UpdateTaskProtection', '', ['CollectMetrics', 'a model']],
    [
      // Each the rows of one kind: models with their locks, launches, or what scaling remembers.
      'write rows of the registry',
      'dynamodb:PutItem',
      'DataRegistry',
      [
        'ChangeModel',
        'CollectMetrics',
        'GetResult',
        'GetTask',
        'LaunchInstance',
        'ManageDeadLetters',
        'ManageUploads',
        'RetryTask',
        'SubmitBatch',
        'SubmitTask',
        'a model',
      ],
    ],
  ])('may %s', (_, action, on, who) => {
    expect(whoMay(action, on)).toEqual(who);
  });
});

describe('the handlers that read', () => {
  it.each([
    'GetTask',
    'GetResult',
    'ListTasks',
    'ListModels',
    'GetModel',
    'GetModelSchema',
    'GetOpenapi',
    'GetMetrics',
  ])('%s cannot send, make or remove anything', (name) => {
    // The lock of a model that is woken is a row of the registry; `waking.test.ts` shows that no other row can be put.
    const isWake = ({ action, resource }: Grant) => action === 'dynamodb:PutItem' && resource.includes('DataRegistry');
    const may = grants.filter((grant) => grant.who === name && !isWake(grant)).map(({ action }) => action);

    expect(may.length).toBeGreaterThan(0);
    expect(may.filter((action) => /^(?!xray:)\w+:(Send|Put|Delete|Create|Run|Stop|Pass)/.test(action))).toEqual([]);
  });

  it.each(['RefuseRoute', 'GetDocs'])('%s can do nothing but trace', (name) => {
    const may = new Set(grants.filter(({ who }) => who === name).map(({ action }) => action));

    expect([...may].filter((action) => !action.startsWith('xray:'))).toEqual([]);
  });
});
