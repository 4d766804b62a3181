import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

type Synthesized = Awaited<ReturnType<typeof synthesize>>;

let dev: Synthesized;
let prod: Synthesized;
beforeAll(async () => {
  dev = await synthesize('dev');
  prod = await synthesize('prod', {
    config: {
      subscribers: [
        { kind: 'email', address: 'on-call@example.com' },
        { kind: 'https', url: 'https://pager.example.com/hook' },
        { kind: 'slack', workspace: 'T0123ABCD', channel: 'C0123ABCD' },
      ],
      monthlyBudget: 50,
    },
  });
}, 240_000);

describe('an alarm', () => {
  it('tells the topic of its stage when it begins and when it ends', () => {
    for (const [, { Properties }] of resourcesOf(dev.template, 'AWS::CloudWatch::Alarm')) {
      expect(JSON.stringify(Properties.AlarmActions)).toContain('NotificationsTopic');
      expect(Properties.OKActions).toEqual(Properties.AlarmActions);
    }
  });

  it('may publish to it', () => {
    const [[, { Properties }] = ['', { Properties: undefined }]] = resourcesOf(dev.template, 'AWS::SNS::TopicPolicy');

    expect(Properties.PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    );
  });

  it('reaches the subscribers of the stage', () => {
    const subscribed = resourcesOf(prod.template, 'AWS::SNS::Subscription').map(([, { Properties }]) => [
      Properties.Protocol,
      Properties.Endpoint,
    ]);

    expect(subscribed).toEqual([
      ['email', 'on-call@example.com'],
      ['https', 'https://pager.example.com/hook'],
    ]);
  });
});

it('a channel of Slack is told of alarms, and may look at metrics only', () => {
  const [[, { Properties }] = ['', { Properties: undefined }]] = resourcesOf(
    prod.template,
    'AWS::Chatbot::SlackChannelConfiguration',
  );

  expect(Properties).toMatchObject({ SlackWorkspaceId: 'T0123ABCD', SlackChannelId: 'C0123ABCD' });
  expect(JSON.stringify(Properties.SnsTopicArns)).toContain('NotificationsTopic');
  expect(JSON.stringify(Properties.GuardrailPolicies)).toContain('CloudWatchReadOnlyAccess');
  const findings = [new AwsSolutionsChecks(prod.app), new ServerlessChecks(prod.app)].flatMap(
    (pack) => pack.validateScope(prod.stack).violations,
  );
  expect(findings.map(({ ruleName }) => ruleName)).toEqual([]);
});

it('a budget watches what carries the tag of its stage, and may publish to the topic', () => {
  const [[, { Properties }] = ['', { Properties: undefined }]] = resourcesOf(prod.template, 'AWS::Budgets::Budget');
  const policies = JSON.stringify(resourcesOf(prod.template, 'AWS::SNS::TopicPolicy'));

  expect(Properties.Budget).toMatchObject({
    BudgetLimit: { Amount: 50, Unit: 'USD' },
    CostFilters: { TagKeyValue: ['user:stage$prod'] },
  });
  expect(policies).toContain('budgets.amazonaws.com');
  dev.template.resourceCountIs('AWS::Budgets::Budget', 0);
});

describe('a stage that keeps its data', () => {
  it('cannot be deleted by accident', () => {
    expect([prod.stack.terminationProtection, dev.stack.terminationProtection]).toEqual([true, false]);
  });

  it('keeps its logs when it is deleted', () => {
    const policies = ({ template }: Synthesized) =>
      new Set(resourcesOf(template, 'AWS::Logs::LogGroup').map(([, { DeletionPolicy }]) => DeletionPolicy));

    expect(policies(prod)).toEqual(new Set(['Retain']));
    expect(policies(dev)).toEqual(new Set(['Delete']));
  });
});

describe('binary answers', () => {
  it('do not depend on the first type that a caller accepts', () => {
    dev.template.hasResourceProperties('AWS::ApiGateway::RestApi', { BinaryMediaTypes: ['*/*'] });
  });

  it('leave the answers to preflight requests readable', async () => {
    const { template } = await synthesize('dev', {
      config: {
        api: { kind: 'rest', submitUrl: false, ratePerSecond: 1, burst: 1, corsOrigins: ['https://a.example'] },
      },
    });
    const preflights = resourcesOf(template, 'AWS::ApiGateway::Method').filter(
      ([, { Properties }]) => Properties.HttpMethod === 'OPTIONS',
    );

    expect(preflights.length).toBeGreaterThan(5);
    for (const [, { Properties }] of preflights) {
      expect(Properties.Integration.ContentHandling).toBe('CONVERT_TO_TEXT');
    }
  }, 120_000);
});

it('what costs money carries the name of its model', () => {
  for (const type of ['AWS::ECS::Service', 'AWS::SQS::Queue', 'AWS::Logs::LogGroup', 'AWS::CloudWatch::Alarm']) {
    const tags = resourcesOf(dev.template, type).map(([, { Properties }]) => JSON.stringify(Properties.Tags));
    for (const { name } of dev.models) expect(tags.some((each) => each.includes(`"Value":"${name}"`))).toBe(true);
  }
});
