import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '#api/http/routes.ts';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { STAGES, type StageName } from '../../lib/stacks/stage-config.ts';

type Synthesized = Awaited<ReturnType<typeof synthesize>>;

let dev: Synthesized;
let prod: Synthesized;
let template: Template;
beforeAll(async () => {
  [dev, prod] = await Promise.all([synthesize('dev'), synthesize('prod')]);
  ({ template } = dev);
});

describe('tables', () => {
  const keptIn = (of: Template) =>
    resourcesOf(of, 'AWS::DynamoDB::Table').map(([id, { Properties }]) => ({
      id: id.replace(/[0-9A-F]{8}$/, ''),
      billing: Properties.BillingMode,
      expiry: Properties.TimeToLiveSpecification,
    }));

  it.each(Object.keys(STAGES) as StageName[])(
    'are billed by use, and expire all rows but users, in %s',
    async (stage) => {
      const expiry = { AttributeName: 'ttl', Enabled: true };

      const tables = keptIn((await synthesize(stage)).template);

      expect(tables).toEqual([
        { id: 'DataTasks', billing: 'PAY_PER_REQUEST', expiry },
        { id: 'DataRegistry', billing: 'PAY_PER_REQUEST', expiry },
        { id: 'DataUsers', billing: 'PAY_PER_REQUEST', expiry: undefined },
        { id: 'DataCalls', billing: 'PAY_PER_REQUEST', expiry },
      ]);
    },
  );

  it('survive mistakes in prod, and go with their stack in dev', () => {
    expect(resourcesOf(prod.template, 'AWS::DynamoDB::Table')).toHaveLength(4);
    for (const [, { Properties, DeletionPolicy }] of resourcesOf(prod.template, 'AWS::DynamoDB::Table')) {
      expect(DeletionPolicy).toBe('Retain');
      expect(Properties.DeletionProtectionEnabled).toBe(true);
      expect(Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled).toBe(true);
    }
    for (const [, { DeletionPolicy }] of resourcesOf(template, 'AWS::DynamoDB::Table')) {
      expect(DeletionPolicy).toBe('Delete');
    }
  });
});

describe('the index of tasks by owner', () => {
  const indexesOf = ({ template: of }: Synthesized): string[] =>
    (
      resource(of, 'AWS::DynamoDB::Table', 'DataTasks').Properties.GlobalSecondaryIndexes as { IndexName: string }[]
    ).map(({ IndexName }) => IndexName);

  it('is left out of the lean stage, whose functions are told so', async () => {
    const lean = await synthesize('lean');

    expect(indexesOf(dev)).toEqual(['by-owner', 'dead-letters']);
    expect(indexesOf(lean)).toEqual(['dead-letters']);
    expect(JSON.stringify(lean.template.toJSON())).not.toContain('index/by-owner');
    const submit = (of: Template) => resource(of, 'AWS::Lambda::Function', 'HandlersSubmitTask').Properties;
    expect(submit(lean.template).Environment.Variables.MODELYARD_TASK_LISTS).toBe('off');
    expect(submit(template).Environment.Variables.MODELYARD_TASK_LISTS).toBeUndefined();
  });
});

describe('the bucket', () => {
  it('stays when a prod stack goes, and goes with every other', () => {
    expect(resource(prod.template, 'AWS::S3::Bucket', 'DataBlobs').DeletionPolicy).toBe('Retain');
    expect(resource(template, 'AWS::S3::Bucket', 'DataBlobs').DeletionPolicy).toBe('Delete');
  });

  it('is private, takes TLS only, and forgets what belongs to tasks but not contracts', () => {
    const { Properties } = resource(template, 'AWS::S3::Bucket', 'DataBlobs');
    const expired = Properties.LifecycleConfiguration.Rules.flatMap((rule: { Prefix?: string }) => rule.Prefix ?? []);

    expect(Object.values(Properties.PublicAccessBlockConfiguration)).toEqual([true, true, true, true]);
    expect(expired).toEqual(['requests/', 'results/', 'dead-letters/']);
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });
});

describe('what costs money', () => {
  it('carries the project and its stage as tags', () => {
    for (const type of [
      'DynamoDB::Table',
      'S3::Bucket',
      'SQS::Queue',
      'Lambda::Function',
      'ECS::Service',
      'ECS::Cluster',
    ]) {
      const found = resourcesOf(prod.template, `AWS::${type}`);

      expect(found.length, type).toBeGreaterThan(0);
      for (const [id, { Properties }] of found) {
        expect(Properties.Tags, id).toEqual(
          expect.arrayContaining([
            { Key: 'project', Value: 'modelyard' },
            { Key: 'stage', Value: 'prod' },
          ]),
        );
      }
    }
  });
});

describe('every Lambda', () => {
  it('runs Node 24 on ARM, with JSON logs that are kept for a while', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', LogGroup: expect.anything() },
      });
    }
    for (const [, { Properties }] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBe(7);
    }
    for (const [, { Properties }] of resourcesOf(prod.template, 'AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBe(90);
    }
  });

  it('is traced, but for the collector and the test of images, whose runs are no part of a request', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    const untraced = functions.filter(([, { Properties }]) => Properties.TracingConfig?.Mode !== 'Active');

    expect(untraced.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'HandlersCollectMetrics',
      'HandlersTestStart',
    ]);
  });

  it('takes what the account has, unless the stage reserves runs for submits', async () => {
    const reserved = ({ template: of }: Pick<Synthesized, 'template'>) =>
      resourcesOf(of, 'AWS::Lambda::Function').flatMap(([id, { Properties }]) =>
        Properties.ReservedConcurrentExecutions === undefined ? [] : [[id, Properties.ReservedConcurrentExecutions]],
      );

    const busy = await synthesize('prod', { config: { reservedConcurrency: { 'submit-task': 50 } } });

    expect(reserved(prod)).toEqual([]);
    expect(reserved(busy)).toEqual([[expect.stringMatching(/^HandlersSubmitTask/), 50]]);
  });

  it('answers before API Gateway gives up', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    // CloudFormation waits longer.
    for (const [, { Properties }] of functions.filter(([id]) => !id.startsWith('HandlersTestStart'))) {
      expect(Properties.Timeout).toBeLessThan(31);
    }
  });
});

describe('the API', () => {
  const gets = ROUTES.filter(({ method }) => method === 'GET');

  it('has the methods of every route, and on every path one for all others, which refuses them', () => {
    const methods = resourcesOf(template, 'AWS::ApiGateway::Method').map(([, { Properties }]) => Properties);
    const refusing = methods.filter(({ HttpMethod }) => HttpMethod === 'ANY');

    expect(methods.length - refusing.length).toBe(ROUTES.length + gets.length);
    expect(methods.filter(({ HttpMethod }) => HttpMethod === 'HEAD')).toHaveLength(gets.length);
    expect(refusing).toHaveLength(new Set(ROUTES.map(({ path }) => path)).size);
    for (const { Integration } of refusing) expect(JSON.stringify(Integration.Uri)).toContain('HandlersRefuseRoute');
  });

  it('is throttled and logs who asked for what', () => {
    template.hasResourceProperties('AWS::ApiGateway::Stage', {
      MethodSettings: [Match.objectLike({ ThrottlingRateLimit: 500, ThrottlingBurstLimit: 1000 })],
      AccessLogSetting: { Format: Match.stringLikeRegexp('requestId') },
    });
    template.resourceCountIs('AWS::ApiGateway::UsagePlan', 0);
  });

  it('keeps what the gateway says of its errors as long as every log, from the first one on', () => {
    const log = resource(template, 'AWS::Logs::LogGroup', 'ApiErrorLog');
    const stage = resource(template, 'AWS::ApiGateway::Stage', 'Api');

    expect(log.Properties.LogGroupName).toEqual({
      'Fn::Join': ['', ['API-Gateway-Execution-Logs_', stage.Properties.RestApiId, `/${stage.Properties.StageName}`]],
    });
    expect(stage.DependsOn).toContainEqual(expect.stringMatching(/^ApiErrorLog/));
  });

  it('leaves the one role by which gateways of the account write logs to the other stages', () => {
    const role = resource(template, 'AWS::IAM::Role', 'ApiCloudWatchRole');

    expect(role.DeletionPolicy).toBe('Retain');
    expect(resource(template, 'AWS::ApiGateway::Account', 'Api').DeletionPolicy).toBe('Retain');
  });

  it('refuses in problem details', () => {
    const answers = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => Properties);

    expect(answers.find(({ ResponseType }) => ResponseType === 'MISSING_AUTHENTICATION_TOKEN').StatusCode).toBe('404');
    // Without these two, an error that has no answer of its own would be plain and have no header.
    expect(answers.map(({ ResponseType }) => ResponseType)).toEqual(
      expect.arrayContaining(['DEFAULT_4XX', 'DEFAULT_5XX']),
    );
    for (const { ResponseParameters, ResponseTemplates } of answers) {
      expect(ResponseParameters['gatewayresponse.header.X-Content-Type-Options']).toBe("'nosniff'");
      expect(ResponseParameters['gatewayresponse.header.Content-Type']).toBe("'application/problem+json'");
      expect(ResponseTemplates['application/json']).toContain('"type":"/problems/');
    }
  });

  it('refuses at the edge what every handler would', () => {
    template.hasResourceProperties('AWS::ApiGateway::Method', {
      RequestParameters: Match.objectLike({ 'method.request.querystring.task_id': true }),
      RequestValidatorId: Match.anyValue(),
    });
  });

  it('of the lean stage is an HTTP API that speaks to the same handlers', async () => {
    const lean = await synthesize('lean');

    expect(resourcesOf(lean.template, 'AWS::ApiGatewayV2::Route')).toHaveLength(ROUTES.length + gets.length + 1);
    lean.template.hasResourceProperties('AWS::ApiGatewayV2::Route', {
      RouteKey: '$default',
      AuthorizationType: 'NONE',
    });
    lean.template.allResourcesProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '1.0' });
    lean.template.resourceCountIs('AWS::ApiGateway::RestApi', 0);
  });
});

describe('the URL of the submit handler', () => {
  it('is there in the lean stage only, beside the API, and may be asked by everybody who may ask the API', async () => {
    const lean = await synthesize('lean');

    lean.template.hasResourceProperties('AWS::Lambda::Url', {
      AuthType: 'NONE',
      TargetFunctionArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^HandlersSubmitTask'), 'Arn'] },
    });
    lean.template.hasResourceProperties('AWS::Lambda::Permission', { Action: 'lambda:InvokeFunctionUrl' });
    expect(Object.keys(lean.template.toJSON().Outputs)).toContain('SubmitUrl');
    for (const { template: of } of [dev, prod]) of.resourceCountIs('AWS::Lambda::Url', 0);
  });
});

describe('alarms', () => {
  it('have names of their own, and say where the runbook speaks of them', () => {
    const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

    for (const { AlarmName, AlarmDescription } of alarms) {
      expect(AlarmName).toMatch(/^modelyard-dev-/);
      expect(AlarmDescription).toMatch(/Runbook: [a-z-]+\.$/);
    }
    const names = alarms.map(({ AlarmName }) => AlarmName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of ['server-errors', 'no-live-instance', 'tasks-given-up', 'throttles']) {
      expect(names).toContain(`modelyard-dev-${name}`);
    }
    for (const { name } of dev.models) {
      expect(names).toContain(`modelyard-dev-${name}-dead-letters`);
      expect(names).toContain(`modelyard-dev-${name}-oldest-task`);
    }
  });
});

describe('the dashboard', () => {
  it('shows who is alive, what waits, how fast, what fails and what it costs', () => {
    const { Properties } = resource(template, 'AWS::CloudWatch::Dashboard', 'Dashboard');
    const body = JSON.stringify(Properties.DashboardBody);

    for (const { name } of dev.models) expect(body).toContain(name);
    for (const shown of [
      ...['CPUUtilization', 'StalledModels', 'ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage'],
      ...['Dead letters', 'NumberOfMessagesDeleted', 'p50', 'p90', 'p99', '5XXError', 'Lambda seconds'],
    ]) {
      expect(body).toContain(shown);
    }
  });
});
