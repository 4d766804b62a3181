import { readFileSync } from 'node:fs';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { LIFECYCLE_ROUTES } from '#api';
import { LIFECYCLE_SERVICES } from '#core';
import { DATABASE_URLS } from '#platform/lifecycle-databases.ts';
import { AwsCallGraph } from '#test/support/aws-call-graph.ts';
import { resourcesFor, statementsByRole } from '#test/support/iam.ts';
import { resource, resourcesOf } from '#test/support/synthesize.ts';
import { synthesizeLifecycle } from '#test/support/synthesize-lifecycle.ts';
import { ROOT } from '../architecture/cruise.ts';

type Synthesized = Awaited<ReturnType<typeof synthesizeLifecycle>>;

/** As many as `many-models.test.ts` puts into a stage. */
const MOST = { dev: 8, lean: 12 };
const models = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `model_${at}`.padEnd(48, 'z'), description: 'One of many.' }));

it('lets who may delete users queue their erasure in it, and no other', { timeout: 240_000 }, async () => {
  const queueing = async (registration: 'open' | 'closed') => {
    const { main } = (await synthesizeLifecycle('dev', models(1), { auth: { kind: 'jwt', registration } })).templates;
    return resourcesFor(main, 'HandlersManageUsers', 'sqs:SendMessage');
  };

  const [open, closed] = [await queueing('open'), await queueing('closed')];

  expect(open).toContain('modelyard-dev-lifecycle-tasks');
  expect(open).not.toContain('model-0');
  expect(closed).not.toContain('lifecycle');
});

describe.each(['dev', 'lean'] as const)('the lifecycle of the stage %s', { timeout: 240_000 }, (stage) => {
  let synthesized: Synthesized;
  beforeAll(async () => {
    synthesized = await synthesizeLifecycle(stage, models(MOST[stage]));
  }, 240_000);

  it('is a stack of its own within the limits of AWS, without findings', () => {
    const { app, main, lifecycle, templates } = synthesized;

    for (const template of Object.values(templates)) {
      expect(Object.keys(template.toJSON().Resources).length).toBeLessThanOrEqual(500);
    }
    for (const stack of [main, lifecycle]) {
      for (const pack of [new AwsSolutionsChecks(app), new ServerlessChecks(app)]) {
        expect(pack.validateScope(stack).violations.map(({ ruleName }) => ruleName)).toEqual([]);
      }
    }
  });

  it('adds its routes to the API of the stage, with its authorizer', () => {
    const { lifecycle } = synthesized.templates;
    const routes = new Set(LIFECYCLE_ROUTES.map(({ method, path }) => `${method} ${path}`));

    if (stage === 'lean') {
      const keys = resourcesOf(lifecycle, 'AWS::ApiGatewayV2::Route').map(([, { Properties }]) => Properties);
      expect(keys.map(({ RouteKey }) => RouteKey)).toEqual(expect.arrayContaining([...routes]));
      expect(keys.filter(({ AuthorizationType }) => AuthorizationType !== 'CUSTOM')).toEqual([]);
      return;
    }
    const methods = resourcesOf(lifecycle, 'AWS::ApiGateway::Method').map(([, { Properties }]) => Properties);
    const answered = methods.filter(({ HttpMethod }) => !['ANY', 'HEAD', 'OPTIONS'].includes(HttpMethod));
    expect(answered).toHaveLength(routes.size);
    expect(answered.filter(({ AuthorizationType }) => AuthorizationType !== 'CUSTOM')).toEqual([]);
    expect(resourcesOf(lifecycle, 'AWS::ApiGateway::Deployment')).toEqual([
      [expect.any(String), expect.objectContaining({ DeletionPolicy: 'Retain' })],
    ]);
  });
});

describe('a stage that keeps its data', { timeout: 240_000 }, () => {
  let synthesized: Synthesized;
  beforeAll(async () => {
    synthesized = await synthesizeLifecycle('prod', models(1), { restoredDatabases: { serving: 'abc123' } });
  }, 240_000);

  it('keeps versions of its objects, as long as their tasks and as the points in time of its tables', () => {
    const { main, lifecycle } = synthesized.templates;
    const days = [main, lifecycle].map((template) => {
      const [[, { Properties }] = ['', { Properties: undefined }]] = resourcesOf(template, 'AWS::S3::Bucket');
      expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
      const rules: readonly Readonly<Record<string, { readonly NoncurrentDays: number }>>[] =
        Properties.LifecycleConfiguration.Rules;
      return rules.find((rule) => rule.NoncurrentVersionExpiration)?.NoncurrentVersionExpiration?.NoncurrentDays;
    });

    expect(days).toEqual([15, 35]);
  });

  it('has its databases in a backup of each day, without findings', () => {
    const { app, lifecycle, templates } = synthesized;
    const [[, plan] = ['', { Properties: undefined }]] = resourcesOf(templates.lifecycle, 'AWS::Backup::BackupPlan');
    const [[, selection] = ['', { Properties: undefined }]] = resourcesOf(
      templates.lifecycle,
      'AWS::Backup::BackupSelection',
    );
    const [[, vault] = ['', { DeletionPolicy: undefined }]] = resourcesOf(
      templates.lifecycle,
      'AWS::Backup::BackupVault',
    );

    expect(plan.Properties.BackupPlan.BackupPlanRule).toMatchObject([
      { ScheduleExpression: 'cron(0 3 * * ? *)', Lifecycle: { DeleteAfterDays: 35 } },
    ]);
    expect(selection.Properties.BackupSelection.Resources).toHaveLength(LIFECYCLE_SERVICES.length);
    expect(vault.DeletionPolicy).toBe('Retain');
    for (const pack of [new AwsSolutionsChecks(app), new ServerlessChecks(app)]) {
      expect(pack.validateScope(lifecycle).violations.map(({ ruleName }) => ruleName)).toEqual([]);
    }
  });

  it('uses a restored database in place of its own, which stays', () => {
    const { lifecycle } = synthesized.templates;
    const { Environment } = resource(lifecycle, 'AWS::Lambda::Function', 'HandlersLifecycle').Properties;
    const selection = JSON.stringify(resourcesOf(lifecycle, 'AWS::Backup::BackupSelection'));
    const { Databases } = resource(lifecycle, 'Custom::DatabaseRoles', 'DatabaseRoles').Properties;

    const url = { 'Fn::Join': ['', ['dsql://serving@abc123.dsql.', { Ref: 'AWS::Region' }, '.on.aws:5432/postgres']] };
    expect(Environment.Variables.SERVING_DATABASE_URL).toEqual(url);
    expect(resourcesOf(lifecycle, 'AWS::DSQL::Cluster')).toHaveLength(LIFECYCLE_SERVICES.length);
    for (const allowed of [selection, resourcesFor(lifecycle, 'HandlersLifecycle', 'dsql:DbConnect')]) {
      expect(allowed).toContain(':cluster/abc123');
    }
    expect(JSON.stringify(Databases)).toContain('"abc123.dsql.');
  });
});

describe('the lifecycle on AWS', { timeout: 240_000 }, () => {
  let synthesized: Synthesized;
  beforeAll(async () => {
    synthesized = await synthesizeLifecycle('dev');
  }, 240_000);

  it('gives each service a database of its own, which costs nothing while idle', () => {
    const { lifecycle } = synthesized.templates;
    const { Environment } = resource(lifecycle, 'AWS::Lambda::Function', 'HandlersLifecycle').Properties;

    expect(resourcesOf(lifecycle, 'AWS::DSQL::Cluster')).toHaveLength(LIFECYCLE_SERVICES.length);
    expect(resourcesOf(lifecycle, 'AWS::Backup::BackupPlan')).toEqual([]);
    const urls = LIFECYCLE_SERVICES.map((service) => JSON.stringify(Environment.Variables[DATABASE_URLS[service]]));
    expect(new Set(urls).size).toBe(LIFECYCLE_SERVICES.length);
    for (const type of ['AWS::RDS::DBCluster', 'AWS::RDS::DBInstance', 'AWS::EC2::NatGateway']) {
      expect(resourcesOf(lifecycle, type)).toEqual([]);
    }
    for (const [, { Properties }] of resourcesOf(lifecycle, 'AWS::ECS::Service')) {
      expect(Properties.DesiredCount ?? 0).toBe(0);
    }
  });

  it('lets each service into its database by a role of its own, and only the maker of roles in as admin', () => {
    const { lifecycle } = synthesized.templates;
    const { Environment } = resource(lifecycle, 'AWS::Lambda::Function', 'HandlersLifecycle').Properties;
    const rolesWith = (action: string) =>
      [...statementsByRole(lifecycle)]
        .filter(([, statements]) => statements.some((each) => [each.Action].flat().includes(action)))
        .map(([role]) => role.replace(/(Service|Task)Role.*/, ''));
    const { Databases, Principals } = resource(lifecycle, 'Custom::DatabaseRoles', 'DatabaseRoles').Properties;

    expect(rolesWith('dsql:DbConnectAdmin')).toEqual(['DatabaseRolesMakeRoles']);
    expect(rolesWith('dsql:DbConnect').toSorted()).toEqual(['HandlersLifecycle', 'lifecycleTask']);
    expect(
      Principals.map((each: unknown) => JSON.stringify(each).replace(/(Service|Task)Role.*/, '')).toSorted(),
    ).toEqual(['{"Fn::GetAtt":["HandlersLifecycle', '{"Fn::GetAtt":["lifecycleTask']);
    for (const service of LIFECYCLE_SERVICES) {
      expect(JSON.stringify(Environment.Variables[DATABASE_URLS[service]])).toContain(`dsql://${service}@`);
      expect(JSON.stringify(Databases)).toContain(`"Service":"${service}"`);
    }
  });

  it('lets its worker run containers in its cluster, which have no role', () => {
    const { lifecycle } = synthesized.templates;
    const statements = [...statementsByRole(lifecycle)]
      .filter(([role]) => role.startsWith('lifecycleTaskTaskRole'))
      .flatMap(([, all]) => all);
    const of = (action: string) => statements.find(({ Action }) => [Action].flat().includes(action));
    const [worker] = resourcesOf(lifecycle, 'AWS::ECS::TaskDefinition').filter(([id]) =>
      id.startsWith('lifecycleTask'),
    );
    const { Environment = [] } = worker?.[1].Properties.ContainerDefinitions[0] ?? {};

    expect(JSON.stringify(of('ecs:RunTask'))).toMatch(/ecs:cluster.*task-definition\/modelyard-dev-container-\*/);
    expect(JSON.stringify(of('ecs:StopTask'))).toContain('ecs:cluster');
    expect(JSON.stringify(of('iam:PassRole'))).toMatch(/ecs-tasks.amazonaws.com.*lifecycleTaskExecutionRole/);
    expect(JSON.stringify(Environment)).toContain('MODELYARD_CONTAINER_TASKS');
    expect(resourcesFor(lifecycle, 'HandlersLifecycle', 'ecs:RunTask')).toBe('[]');
  });

  it('counts the requests of users, as the other handlers do', () => {
    const { lifecycle } = synthesized.templates;
    const { Environment } = resource(lifecycle, 'AWS::Lambda::Function', 'HandlersLifecycle').Properties;

    expect(Environment.Variables.MODELYARD_USER_LIMITS).toBe('all');
    expect(JSON.stringify(resourcesFor(lifecycle, 'HandlersLifecycle', 'dynamodb:UpdateItem'))).toContain('Calls');
  });

  it('has a topic for alerts, over TLS only', () => {
    const { lifecycle } = synthesized.templates;

    expect(resource(lifecycle, 'AWS::SNS::Topic', 'Alerts').Properties.TopicName).toBe('modelyard-dev-alerts');
    expect(JSON.stringify(resourcesOf(lifecycle, 'AWS::SNS::TopicPolicy'))).toContain('aws:SecureTransport');
  });

  it('tells the topic of the alarms of the stage of failed stages, dead letters and databases', () => {
    const { lifecycle, main } = synthesized.templates;
    const alarms = resourcesOf(lifecycle, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const [[, filter] = ['', { Properties: undefined }]] = resourcesOf(lifecycle, 'AWS::Logs::MetricFilter');
    const topic = resource(main, 'AWS::SNS::Topic', 'Notifications').Properties.TopicName;

    expect(alarms.map(({ AlarmName }) => AlarmName.replace('modelyard-dev-', '')).toSorted()).toEqual([
      'fertility-dead-letters',
      'lifecycle-databases',
      'lifecycle-dead-letters',
      'stages-failed',
    ]);
    for (const { AlarmActions, OKActions } of alarms) {
      expect(JSON.stringify(AlarmActions)).toContain(`:${topic}"`);
      expect(OKActions).toEqual(AlarmActions);
    }
    const failed = alarms.find(({ AlarmName }) => AlarmName.endsWith('stages-failed'));
    expect(filter.Properties.MetricTransformations).toMatchObject([
      { MetricName: failed.MetricName, MetricNamespace: failed.Namespace },
    ]);
    expect(JSON.stringify(filter.Properties.LogGroupName)).toContain('lifecycleLog');
    // What the worker logs.
    const log = readFileSync(`${ROOT}/model-containers/runtime/worker/worker-observer.ts`, 'utf8');
    for (const [, sentence] of filter.Properties.FilterPattern.matchAll(/message = "([^"]+)"/g)) {
      expect(log).toContain(`'${sentence}'`);
    }
  });

  it('tells what is due every minute', () => {
    const { Properties } = resource(synthesized.templates.lifecycle, 'AWS::Scheduler::Schedule', 'Due');

    expect(Properties.ScheduleExpression).toBe('rate(1 minute)');
    expect(Properties.Target.Input).toContain('<aws.scheduler.scheduled-time>');
  });

  it('lets its function make every call that its source can make, and no other', () => {
    const files = ['handler.ts', 'index.ts'].map((file) => `${ROOT}/lambdas/lifecycle/${file}`);
    const reachable = new AwsCallGraph(files).callsFrom(files).map(({ action }) => action);
    const statements = [...statementsByRole(synthesized.templates.lifecycle)]
      .filter(([role]) => role.startsWith('HandlersLifecycleServiceRole'))
      .flatMap(([, all]) => all);
    const granted = statements.flatMap(({ Action }) => [Action].flat());

    // Connecting is a signature, and listing tells a missing object from a forbidden one.
    const ofAws = ['dsql:DbConnect', 's3:ListBucket'];
    expect(
      [...new Set(granted)].filter((action) => !/^xray:/.test(action) && !ofAws.includes(action)).toSorted(),
    ).toEqual(
      [...new Set(reachable.map((action) => (action === 's3:HeadObject' ? 's3:GetObject' : action)))].toSorted(),
    );
  });

  it('lets the handlers of the stage work with its worker', () => {
    const roles = [...statementsByRole(synthesized.templates.main)];
    const may = (handler: string, action: string, name: string) =>
      roles
        .filter(([role]) => role.startsWith(`Handlers${handler}ServiceRole`))
        .flatMap(([, statements]) => statements)
        .some((statement) => [statement.Action].flat().includes(action) && JSON.stringify(statement).includes(name));

    expect(may('CollectMetrics', 'ecs:UpdateService', 'modelyard-dev-lifecycle')).toBe(true);
    expect(may('CollectMetrics', 'sqs:GetQueueAttributes', 'modelyard-dev-lifecycle-tasks')).toBe(true);
    expect(may('RetryTask', 'sqs:SendMessage', 'modelyard-dev-lifecycle-tasks')).toBe(true);
    expect(may('GiveUpTask', 'sqs:ReceiveMessage', 'modelyard-dev-lifecycle-')).toBe(true);
  });
});
