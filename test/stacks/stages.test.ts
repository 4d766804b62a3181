import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Stack, Validations } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '#api/http/routes.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { STAGES, type StageName, stageOf } from '../../lib/stacks/stage-config.ts';

const NAMES = Object.keys(STAGES) as StageName[];

describe.each(NAMES)('stage %s', (stage) => {
  let synthesized: Awaited<ReturnType<typeof synthesize>>;
  beforeAll(async () => {
    synthesized = await synthesize(stage);
  });

  it('leaves no finding of cdk-nag unacknowledged', () => {
    const { app, stack } = synthesized;
    const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app)];

    const findings = packs.flatMap((pack) => pack.validateScope(stack).violations.map(({ ruleName }) => ruleName));

    expect(findings).toEqual([]);
  });

  it('gives a reason for every finding that it acknowledges', () => {
    const { stack } = synthesized;

    const reasons = acknowledgements(stack).map(({ reason }) => reason);

    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons.filter((reason) => reason.length < 40)).toEqual([]);
  });

  it('acknowledges nothing that is not found', () => {
    const { app, stack } = synthesized;
    const found = [new AwsSolutionsChecks(app), new ServerlessChecks(app)].flatMap((pack) =>
      unforgiving(pack)
        .validateScope(stack)
        .violations.flatMap(({ ruleName, violatingResources }) =>
          violatingResources.map(({ constructPath = '' }) => ({ ruleName, path: constructPath })),
        ),
    );

    const stale = acknowledgements(stack).filter(
      ({ id, path }) => !found.some((at) => at.ruleName === id && `${at.path}/`.startsWith(`${path}/`)),
    );

    expect(found.length).toBeGreaterThan(50);
    expect(stale).toEqual([]);
  });

  it('fits into one stack', () => {
    const { template } = synthesized;

    expect(Object.keys(template.toJSON().Resources).length).toBeLessThan(500);
    expect(JSON.stringify(template.toJSON()).length).toBeLessThan(1_000_000);
  });

  it('says where the API, its documentation, its dashboard and its queues are', () => {
    const { template } = synthesized;

    expect(Object.keys(template.toJSON().Outputs)).toEqual(
      expect.arrayContaining(['ApiUrl', 'DocsUrl', 'DashboardUrl', 'QueueNames']),
    );
  });
});

describe.each(NAMES.filter((stage) => stage !== 'local'))('the stage %s, which others can reach,', (stage) => {
  it('is closed: it verifies callers, and nobody registers', async () => {
    expect(STAGES[stage].auth).toEqual({ kind: 'jwt', registration: 'closed' });
    await expect(synthesize(stage, { config: { auth: { kind: 'none' } } })).rejects.toThrow('would let everybody in');
  });

  it('tells how to add the first administrator', async () => {
    const { Outputs } = (await synthesize(stage)).template.toJSON();

    expect(Outputs.FirstAdmin.Value).toBe(`npm run users -- add admin --role admin --stage ${stage}`);
    expect(Object.keys(Outputs)).toEqual(expect.arrayContaining(['UsersTable', 'SigningKeys']));
  });

  it('acknowledges the missing authorizer for public routes only', async () => {
    const { stack } = await synthesize(stage);
    const routes = acknowledgements(stack).filter(({ id }) => id === 'AwsSolutions-APIG4');

    const open = new Set<string>(ROUTES.flatMap(({ path, role }) => (role === 'public' ? path : [])));
    const isPublic = (path: string) => /(?:\/ANY|DefaultRoute)$/.test(path) || open.has(routeAt(path));
    expect(routes.length).toBeGreaterThan(5);
    expect(routes.filter(({ path }) => !isPublic(path))).toEqual([]);
  });
});

describe('the local stage', () => {
  /** What MiniStack 1.5.33 provisions of the types that the dev stage has. */
  const EMULATED = new Set([
    ...['RestApi', 'Resource', 'Method', 'Deployment', 'Stage', 'Account', 'GatewayResponse'].map(named('ApiGateway')),
    ...['Authorizer', 'RequestValidator'].map(named('ApiGateway')),
    ...['Alarm', 'Dashboard'].map(named('CloudWatch')),
    'AWS::DynamoDB::Table',
    ...['InternetGateway', 'Route', 'RouteTable', 'SecurityGroup', 'Subnet', 'VPC', 'VPCEndpoint'].map(named('EC2')),
    ...['SubnetRouteTableAssociation', 'VPCGatewayAttachment'].map(named('EC2')),
    ...['Cluster', 'Service', 'TaskDefinition'].map(named('ECS')),
    'AWS::Events::Rule',
    'AWS::IAM::Role',
    ...['EventSourceMapping', 'Function', 'Permission'].map(named('Lambda')),
    ...['LogGroup', 'SubscriptionFilter'].map(named('Logs')),
    ...['Bucket', 'BucketPolicy'].map(named('S3')),
    ...['Queue', 'QueuePolicy'].map(named('SQS')),
  ]);

  it('has nothing that the emulator lacks', async () => {
    const { template } = await synthesize('local');

    const types = new Set(Object.values(template.toJSON().Resources).map((found) => (found as { Type: string }).Type));

    expect([...types].filter((type) => !EMULATED.has(type))).toEqual([]);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::CloudWatch::Alarm')) {
      expect(Properties.Metrics).toBeUndefined();
    }
  });

  it('lacks nothing else that dev has', async () => {
    const [local, dev] = await Promise.all([synthesize('local'), synthesize('dev')]);
    const kept = new Set(identities(local.template));

    const missing = identities(dev.template).filter((identity) => !kept.has(identity));

    expect(new Set(missing.map((identity) => identity.split(' ')[0]))).toEqual(
      new Set([
        'AWS::ECS::ClusterCapacityProviderAssociations',
        'AWS::SNS::Topic',
        'AWS::SNS::TopicPolicy',
        'AWS::XRay::SamplingRule',
        // Nothing starts where there are no containers.
        'Custom::StartTest',
        // Nobody logs in where everybody is local.
        ...['AWS::ApiGateway::Authorizer', 'AWS::SecretsManager::Secret', 'AWS::Lambda::Function'],
        ...['AWS::Lambda::Permission', 'AWS::IAM::Role', 'AWS::Logs::LogGroup'],
      ]),
    );
    for (const identity of missing.filter((lost) => /Lambda::Function|Role|LogGroup/.test(lost))) {
      expect(identity).toMatch(/Handlers(AuthorizeCaller|TestStart)/);
    }
  });
});

/** The path of a route in the route table, by the place of its construct in a REST API or an HTTP API. */
function routeAt(place: string): string {
  const [, rest] = /\/Default(\/.*)?\/[A-Z]+$/.exec(place) ?? [];
  const [, http] = /\/[A-Z]+--(.*)$/.exec(place) ?? [];
  return http === undefined ? (rest ?? '/') : `/${http.replaceAll('--', '/')}`;
}

/** Every acknowledgement of a finding, by where it stands. */
const acknowledgements = (stack: Stack) =>
  stack.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .map(([id, reason]) => ({ id: id.replace(/^annotation::/i, ''), reason, path: node.path }))
      // The CDK acknowledges findings of its own.
      .filter(({ id }) => /^(AwsSolutions|Serverless)-/.test(id)),
  );

/** Finds what is acknowledged too. */
const unforgiving = <Pack extends AwsSolutionsChecks | ServerlessChecks>(pack: Pack): Pack =>
  Object.defineProperty(pack, 'isAcknowledged', { value: () => false });

/** Every resource by its type and logical id, without the hash that a deployment of an API carries. */
const identities = (template: Template): string[] =>
  Object.entries(template.toJSON().Resources as Record<string, { readonly Type: string }>).map(([id, { Type }]) =>
    Type === 'AWS::ApiGateway::Deployment' ? Type : `${Type} ${id}`,
  );

describe('a stage that there is not', () => {
  it.each([
    ['staging', '"staging"'],
    ['', '""'],
    ['DEV', '"DEV"'],
    ['constructor', '"constructor"'],
    [['dev'], '["dev"]'],
    [{ stage: 'dev' }, '{"stage":"dev"}'],
    [undefined, 'undefined'],
  ])('is refused with those that there are: %j', (name, said) => {
    expect(stageOf(name)).toEqual({
      fault: `There is no stage ${said}; choose one with -c stage=: dev, prod, lean, local.`,
    });
  });

  it('is told in one sentence, without a trace of our code', async () => {
    const app = spawn(process.execPath, [fileURLToPath(new URL('../../bin/app.ts', import.meta.url))], {
      env: { ...process.env, CDK_CONTEXT_JSON: '{"stage":"staging"}' },
    });

    const [said, [code]] = await Promise.all([text(app.stderr), once(app, 'close')]);

    expect(said).toBe('There is no stage "staging"; choose one with -c stage=: dev, prod, lean, local.\n');
    expect(code).toBe(1);
  });
});

function named(service: string) {
  return (type: string) => `AWS::${service}::${type}`;
}
