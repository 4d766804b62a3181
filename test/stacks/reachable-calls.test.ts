import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { HANDLER_NAMES } from '#api/http/routes.ts';
import { AwsCallGraph, type ReachableCall } from '#test/support/aws-call-graph.ts';
import { statementsByRole } from '#test/support/iam.ts';
import { synthesize } from '#test/support/synthesize.ts';

// The calls that the source of every handler can make, and what its policy allows: each must be the other.
const LAMBDAS = fileURLToPath(new URL('../../lambdas/', import.meta.url));
const HANDLERS = [...HANDLER_NAMES, 'give-up-task', 'collect-metrics', 'refuse-route', 'test-start'];
const filesOf = (name: string): string[] =>
  [`${LAMBDAS}${name}/handler.ts`, `${LAMBDAS}${name}/index.ts`].filter((file) => existsSync(file));

/** What an adapter works on, by the first pattern that fits its file. */
const RESOURCES = [
  [/tasks\/s3-(blob-store|transfers)/, 'blobs'],
  [/aws\/(registry|control\/control-rows)/, 'registry'],
  [/aws\/users/, 'users'],
  [/aws\/calls/, 'calls'],
  [/aws\/(tasks|stats)/, 'tasks'],
  [/aws\/queue/, 'queues'],
  [/aws\/control\/ecs/, 'ecs'],
  [/aws\/control\/stack-state/, 'cloudformation'],
  [/aws\/control\/cloudwatch/, 'logs'],
  [/aws\/dead-letter-sources/, 'lambda'],
  [/aws\/webhooks/, 'tasks'],
] as const;

const resourceOf = ({ action, file }: ReachableCall): string =>
  action.startsWith('sqs:') ? 'queues' : (RESOURCES.find(([pattern]) => pattern.test(file))?.[1] ?? file);

/** What a resource of a template is, by its logical id. */
function kindOf(resource: unknown, action: string): string {
  const [, kind] = /Data(Tasks|Registry|Users|Calls|Blobs)/.exec(JSON.stringify(resource)) ?? [];
  return kind?.toLowerCase() ?? (action.startsWith('sqs:') ? 'queues' : action.replace(/:.*/, ''));
}

/** `launch` stands beside `wake` for platforms without a desired count. A waker on AWS uses `wake`. */
const WAKERS = [
  'submit-task',
  'submit-batch',
  'manage-uploads',
  'get-task',
  'get-result',
  'retry-task',
  'manage-dead-letters',
];
const ofLaunch = ({ action, file }: ReachableCall): boolean =>
  /control-rows/.test(file) && /:(Put|Update)Item$/.test(action);

/** Whether an entry point opens users and calls is not seen in the handlers; `who-may-what.test.ts` names who may. */
const isCompared = (call: string): boolean => !/ (users|calls)$/.test(call);

/** Calls of AWS itself on behalf of a function. */
const OF_AWS: Readonly<Record<string, RegExp>> = {
  'give-up-task': /^(xray:|sqs:(ReceiveMessage|DeleteMessage|ChangeMessageVisibility|GetQueue\w+) )/,
};
const BY_AWS = /^xray:/;

let graph: AwsCallGraph;
let granted: (name: string) => string[];
beforeAll(async () => {
  graph = new AwsCallGraph(HANDLERS.flatMap(filesOf));
  const { template } = await synthesize('dev');
  const roles = [...statementsByRole(template)];
  granted = (name) => {
    const id = `Handlers${name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}ServiceRole`;
    const statements = roles.filter(([role]) => role.startsWith(id)).flatMap(([, all]) => all);
    const calls = statements.flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${action} ${kindOf(on, action)}`)),
    );
    return [...new Set(calls)].filter((call) => isCompared(call) && !(OF_AWS[name] ?? BY_AWS).test(call)).toSorted();
  };
}, 600_000);

function reachable(name: string): string[] {
  const calls = graph.callsFrom(filesOf(name)).filter((call) => !(WAKERS.includes(name) && ofLaunch(call)));
  // SQS authorizes a batch of messages like a single one, and S3 a look at an object like a read.
  const named = calls
    .map(
      ({ action, file }) =>
        `${action.replace(/^(sqs:\w+)Batch$/, '$1').replace('s3:HeadObject', 's3:GetObject')} ${resourceOf({ action, file })}`,
    )
    .filter(isCompared);
  return [...new Set(named)].toSorted();
}

/** Works on users and calls only, by a helper that the table of tasks shares. */
const OF_USERS = ['authenticate-user', 'manage-account', 'manage-users', 'list-calls'];

describe.each(HANDLERS.filter((name) => !OF_USERS.includes(name)))('%s', (name) => {
  it('may make every call that its source can make, and no other', () => {
    expect(granted(name)).toEqual(reachable(name));
  });
});

it('the source of the submit handler sends and creates, so the comparison looks at something', () => {
  expect(reachable('submit-task')).toEqual(
    expect.arrayContaining(['sqs:SendMessage queues', 'dynamodb:PutItem tasks', 's3:PutObject blobs']),
  );
});

it('a handler that gains a call is found', () => {
  const calls = graph.callsFrom([...filesOf('health'), ...filesOf('get-result')]);

  expect(calls.map(({ action, file }) => `${action} ${resourceOf({ action, file })}`)).toContain('s3:GetObject blobs');
  expect(granted('health')).not.toContain('s3:GetObject blobs');
});
