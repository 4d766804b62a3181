import { Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { actionsOf, resourcesFor } from '#test/support/iam.ts';
import { resource, templateApp, templatesOf } from '#test/support/synthesize.ts';
import { Data } from '../../lib/constructs/data.ts';

/** What a function may do and knows that was given this and nothing else. */
function granted(give: (data: Data, fn: LambdaFunction) => void) {
  const app = templateApp();
  const stack = new Stack(app, 'stack');
  const fn = new LambdaFunction(stack, 'Reader', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('export const handler = async () => ({})'),
  });
  give(new Data(stack, 'Data', { keepsData: false, listsTasks: true }), fn);
  const template = templatesOf(app, { stack }).stack;
  const { Environment } = resource(template, 'AWS::Lambda::Function', 'Reader').Properties;
  const actions = actionsOf(template, 'Reader');
  return {
    actions,
    tables: actions.map((action) => resourcesFor(template, 'Reader', action).replaceAll(/[0-9A-F]{8}"/g, '"')),
    addresses: Object.keys(Environment.Variables),
  };
}

const USERS = '[{"Fn::GetAtt":["DataUsers","Arn"]}]';
const CALLS = '[{"Fn::GetAtt":["DataCalls","Arn"]}]';

describe('whoever', () => {
  it.each([
    ['reads users', (data: Data, fn: LambdaFunction) => data.grantUsers(fn, ['read']), ['GetItem'], USERS],
    [
      'adds and changes users',
      (data: Data, fn: LambdaFunction) => data.grantUsers(fn, ['read', 'add', 'change']),
      ['GetItem', 'PutItem', 'UpdateItem'],
      USERS,
    ],
    [
      'lists and removes users',
      (data: Data, fn: LambdaFunction) => data.grantUsers(fn, ['list', 'remove']),
      ['DeleteItem', 'Scan'],
      USERS,
    ],
    ['reads calls', (data: Data, fn: LambdaFunction) => data.grantReadCalls(fn), ['Query'], CALLS],
    ['records calls', (data: Data, fn: LambdaFunction) => data.grantRecordCalls(fn), ['BatchWriteItem'], CALLS],
  ])('%s may do that and no more, and knows where', (_, give, expected, table) => {
    const { actions, tables, addresses } = granted(give);

    expect(actions).toEqual(expected.map((action) => `dynamodb:${action}`));
    expect(new Set(tables)).toEqual(new Set([table]));
    expect(addresses).toEqual(expect.arrayContaining(['MODELYARD_USERS_TABLE', 'MODELYARD_CALLS_TABLE']));
  });
});
