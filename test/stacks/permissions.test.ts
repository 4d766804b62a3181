import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { HANDLER_NAMES } from '#api/http/routes.ts';
import { actionsOf, resourcesFor, statementsByRole } from '#test/support/iam.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

let template: Template;
beforeAll(async () => {
  ({ template } = await synthesize('dev'));
});

const may = (role: string) => actionsOf(template, role);
const READERS = ['HandlersListTasks', 'HandlersListModels', 'HandlersGetModel'];

describe('the submit handler', () => {
  it('sends tasks and can neither receive nor delete one', () => {
    expect(may('HandlersSubmitTask')).toContain('sqs:SendMessage');
    expect(may('HandlersSubmitTask')).not.toContain('sqs:ReceiveMessage');
    expect(may('HandlersSubmitTask')).not.toContain('sqs:DeleteMessage');
  });

  it('reads the one task that its caller waits for, and no list of anybody’s results', () => {
    expect(may('HandlersSubmitTask')).not.toContain('s3:ListBucket');
    expect(resourcesFor(template, 'HandlersSubmitTask', 'dynamodb:Query')).not.toContain('DataTasks');
  });

  it('writes requests and never results', () => {
    const written = resourcesFor(template, 'HandlersSubmitTask', 's3:PutObject');

    expect(written).toContain('/requests/*');
    expect(written).not.toContain('/results/*');
  });

  it('wakes services, and can neither run nor stop tasks', () => {
    expect(may('HandlersSubmitTask')).toContain('ecs:UpdateService');
    expect(may('HandlersSubmitTask')).not.toContain('ecs:RunTask');
    expect(may('HandlersSubmitTask')).not.toContain('ecs:StopTask');
    expect(may('HandlersSubmitTask')).not.toContain('iam:PassRole');
  });
});

describe.each(READERS)('the reading handler %s', (role) => {
  it('cannot send, keep or remove anything', () => {
    const writes = may(role).filter((action) => /^(?!xray:).*:(Send|Put|Delete|Create|Run|Stop|Pass)/.test(action));

    expect(writes).toEqual([]);
  });
});

describe.each(['HandlersGetTask', 'HandlersGetResult'])('%s, which wakes the model of a queued task,', (role) => {
  it('writes nothing but the lock of a model', () => {
    const writes = may(role).filter((action) => /^(?!xray:).*:(Send|Put|Delete|Create|Run|Stop|Pass)/.test(action));

    expect(writes).toEqual(['dynamodb:PutItem']);
    expect(resourcesFor(template, role, 'dynamodb:PutItem')).toMatch(
      /^\[\{"Fn::GetAtt":\["DataRegistry\w+","Arn"\]\}\]$/,
    );
  });

  it('can do so for rows of models only', () => {
    const statements = [...statementsByRole(template)]
      .filter(([name]) => name.startsWith(role))
      .flatMap(([, all]) => all);
    const puts = statements.filter(({ Action }) => [Action].flat().includes('dynamodb:PutItem'));

    expect(puts.map(({ Condition }) => Condition)).toEqual([
      { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['model'] } },
    ]);
  });
});

describe('a model', () => {
  it('works its own queue off, and no other', () => {
    const received = resourcesFor(template, 'modelaTaskTaskRole', 'sqs:ReceiveMessage');

    expect(received).toContain('modelaqueuesTasks');
    expect(received).not.toContain('modelbqueues');
  });

  it('looks up which other instances could read a request that it cannot', () => {
    expect(resourcesFor(template, 'modelaTaskTaskRole', 'dynamodb:Query')).toContain('DataRegistry');
  });

  it('reads requests and writes results, never the other way round', () => {
    expect(resourcesFor(template, 'modelaTaskTaskRole', 's3:GetObject')).not.toContain('/results/*');
    expect(resourcesFor(template, 'modelaTaskTaskRole', 's3:PutObject')).not.toContain('/requests/*');
  });
});

describe('every role', () => {
  it('has no action with a wildcard', () => {
    const actions = [...statementsByRole(template).values()].flat().flatMap(({ Action }) => Action);

    expect(actions.length).toBeGreaterThan(50);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('names its resources, but for what AWS offers on everything only', () => {
    const unnamed = [...statementsByRole(template).values()].flat().filter(({ Resource }) => Resource === '*');
    const actions = new Set(unnamed.flatMap(({ Action }) => Action));

    expect([...actions].toSorted()).toEqual([
      'ecr:GetAuthorizationToken',
      'ecs:DescribeTaskDefinition',
      'ecs:ListTasks',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
    for (const { Action, Condition } of unnamed) {
      if ([Action].flat().includes('ecs:ListTasks')) expect(JSON.stringify(Condition)).toContain('ecs:cluster');
    }
  });

  it('belongs to one function: nobody shares', () => {
    const roles = resourcesOf(template, 'AWS::Lambda::Function').map(
      ([, { Properties }]) => Properties.Role['Fn::GetAtt'][0],
    );

    expect(roles.length).toBe(HANDLER_NAMES.length + 7);
    expect(new Set(roles).size).toBe(roles.length);
  });
});

describe('users', () => {
  const reach = (name: string): string[] => [
    ...actionsOf(template, `Handlers${name}`).filter(
      (action) => /^dynamodb:/.test(action) && /DataUsers/.test(resourcesFor(template, `Handlers${name}`, action)),
    ),
  ];

  it('are changed by nobody who administers them while registration is closed', () => {
    expect(reach('ManageUsers')).toEqual(['dynamodb:Scan']);
  });

  it('are added by a login of nobody while registration is closed', () => {
    expect(reach('AuthenticateUser')).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    expect(reach('AuthorizeCaller')).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem']);
    expect(reach('ManageAccount')).toEqual(['dynamodb:GetItem', 'dynamodb:UpdateItem']);
  });

  it('are kept from everybody who has no use for them', () => {
    const known = /^Handlers(?:AuthorizeCaller|AuthenticateUser|ManageAccount|ManageUsers|ListCalls|ListTasks)/;
    const reached = [...statementsByRole(template)].filter(([, statements]) =>
      /DataUsers|Identity/.test(JSON.stringify(statements)),
    );

    expect(reach('ListCalls')).toEqual(['dynamodb:GetItem']);
    expect(reach('ListTasks')).toEqual(['dynamodb:GetItem', 'dynamodb:Scan']);

    expect(statementsByRole(template).size).toBeGreaterThan(15);
    expect(reached.map(([role]) => role).filter((role) => !known.test(role))).toEqual([]);
  });

  it('sign in by keys that two functions may read, and none may replace', () => {
    const readers = [...statementsByRole(template)].filter(([, statements]) =>
      /secretsmanager:/.test(JSON.stringify(statements)),
    );

    expect(readers.map(([role]) => role.replace(/ServiceRole.*/, '')).toSorted()).toEqual([
      'HandlersAuthenticateUser',
      'HandlersAuthorizeCaller',
    ]);
    for (const [role] of readers) {
      expect(actionsOf(template, role).filter((action) => action.startsWith('secretsmanager:'))).toEqual([
        'secretsmanager:GetSecretValue',
      ]);
    }
  });
});

describe('a stage', () => {
  it('lets administrators change users, and logins add them, while registration is open', async () => {
    const { template: open } = await synthesize('dev', { config: { auth: { kind: 'jwt', registration: 'open' } } });

    expect(actionsOf(open, 'HandlersAuthenticateUser')).toContain('dynamodb:PutItem');
    expect(actionsOf(open, 'HandlersManageUsers')).toEqual(
      expect.arrayContaining(['dynamodb:DeleteItem', 'dynamodb:UpdateItem', 'dynamodb:Scan']),
    );
    // What is deleted with a user: tasks, batches and calls, with their blobs.
    const deletes = ['dynamodb:Query', 'dynamodb:BatchWriteItem', 's3:PutObject'];
    expect(actionsOf(open, 'HandlersManageUsers')).toEqual(expect.arrayContaining(deletes));
    expect(actionsOf(template, 'HandlersManageUsers').filter((action) => deletes.includes(action))).toEqual([]);
  });

  it('with an issuer signs nothing, and adds users at their first token', async () => {
    const auth = { kind: 'oidc', issuer: 'https://login.example.com', audience: 'modelyard' } as const;
    const { template: issued } = await synthesize('dev', { config: { auth } });

    issued.resourceCountIs('AWS::SecretsManager::Secret', 0);
    expect(actionsOf(issued, 'HandlersAuthorizeCaller')).toContain('dynamodb:PutItem');
    expect(actionsOf(issued, 'HandlersAuthenticateUser').filter((action) => !/^xray/.test(action))).toEqual([]);
  });
});
