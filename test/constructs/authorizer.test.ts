import { Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { HANDLER_NAMES, ROUTES } from '#api/http/routes.ts';
import { actionsOf } from '#test/support/iam.ts';
import { resource, resourcesOf, synthesize, templateApp, templatesOf } from '#test/support/synthesize.ts';
import { type HttpApiProps, methodsOf } from '../../lib/constructs/http-api.ts';
import { LeanHttpApi } from '../../lib/constructs/lean-http-api.ts';
import { RestHttpApi } from '../../lib/constructs/rest-http-api.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';

type Api = new (scope: Stack, id: string, props: HttpApiProps) => unknown;

/** An API alone, with or without somebody who is asked first. */
function synthesizeApi(Kind: Api, { authorized }: { readonly authorized: boolean }): Template {
  const app = templateApp();
  const stack = new Stack(app, 'stack');
  const fn = (id: string) =>
    new LambdaFunction(stack, id, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('export const handler = async () => ({})'),
    });
  new Kind(stack, 'Api', {
    ...{ routes: ROUTES, handlers: new Map(HANDLER_NAMES.map((name) => [name, fn(name)])), name: 'test' },
    unrouted: fn('unrouted'),
    ...{ ratePerSecond: 1, burst: 1, corsOrigins: [], logRetention: 7, tracing: false },
    ...(authorized ? { authorizer: fn('asked') } : {}),
  });
  return templatesOf(app, { stack }).stack;
}

/** How many methods the routes of one kind have: HEAD beside every GET. */
const methodsFor = (isPublic: boolean): number =>
  ROUTES.filter(({ role }) => (role === 'public') === isPublic).flatMap((route) => methodsOf(route)).length;
const forCallers = methodsFor(false);
const paths = new Set(ROUTES.map(({ path }) => path)).size;

describe('a REST API with an authorizer', () => {
  const template = synthesizeApi(RestHttpApi, { authorized: true });

  it('asks it about every route whose caller must be known, and about no other', () => {
    const kinds = resourcesOf(template, 'AWS::ApiGateway::Method').map(([, { Properties }]) => Properties);

    expect(kinds.filter(({ AuthorizationType }) => AuthorizationType === 'CUSTOM')).toHaveLength(forCallers);
    expect(kinds.filter(({ AuthorizationType }) => AuthorizationType === 'NONE')).toHaveLength(
      methodsFor(true) + paths,
    );
    expect(forCallers).toBeGreaterThan(0);
  });

  it('keeps what it said of an Authorization header for half a minute', () => {
    template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'REQUEST',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 30,
      AuthorizerUri: Match.objectLike({}),
    });
  });

  it('may invoke it', () => {
    const permitted = JSON.stringify(template.findResources('AWS::Lambda::Permission'));

    expect(permitted).toMatch(/"FunctionName":\{"Fn::GetAtt":\["asked\w+","Arn"\]\}/);
  });
});

describe('an HTTP API with an authorizer', () => {
  const template = synthesizeApi(LeanHttpApi, { authorized: true });

  it('asks it about every route whose caller must be known, and about no other', () => {
    const kinds = resourcesOf(template, 'AWS::ApiGatewayV2::Route').map(
      ([, { Properties }]) => Properties.AuthorizationType,
    );

    expect(kinds.filter((kind) => kind === 'CUSTOM')).toHaveLength(forCallers);
    expect(kinds.filter((kind) => kind === 'NONE')).toHaveLength(methodsFor(true) + 1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', { AuthorizerResultTtlInSeconds: 30 });
  });
});

describe.each([
  ['dev', ''],
  ['lean', 'V2'],
] as const)('the stage %s', (stage, version) => {
  it('asks its own function, and lets the API and nobody else invoke it', async () => {
    const { template } = await synthesize(stage);

    const [[id, { Properties }] = ['', { Properties: {} }]] = resourcesOf(
      template,
      `AWS::ApiGateway${version}::Authorizer`,
    );
    const granted = resourcesOf(template, 'AWS::Lambda::Permission').filter(([, permission]) =>
      JSON.stringify(permission.Properties.FunctionName).includes('HandlersAuthorizeCaller'),
    );
    expect(JSON.stringify(Properties.AuthorizerUri)).toContain('HandlersAuthorizeCaller');
    expect(granted).toHaveLength(1);
    expect(granted[0]?.[1].Properties).toMatchObject({ Principal: 'apigateway.amazonaws.com' });
    expect(JSON.stringify(granted[0]?.[1].Properties.SourceArn)).toContain(id);
  });
});

describe('the function URL of the stage lean', () => {
  it('is served by the bundle that verifies callers itself, with the right to', async () => {
    const { template } = await synthesize('lean');

    const url = resourcesOf(template, 'AWS::Lambda::Url').map(([, { Properties }]) => JSON.stringify(Properties));
    const { Environment } = resource(template, 'AWS::Lambda::Function', 'HandlersSubmitTask').Properties;
    expect(url).toHaveLength(1);
    expect(url[0]).toContain('HandlersSubmitTask');
    expect(Environment.Variables).toMatchObject({ AUTH: 'jwt', MODELYARD_KEYS_SECRET: expect.anything() });
    expect(actionsOf(template, 'HandlersSubmitTask')).toContain('secretsmanager:GetSecretValue');
  });
});

describe('a firewall', () => {
  const firewall = { requestsPerFiveMinutes: 3000 };

  it('is one setting, and limits each address', async () => {
    const { app, stack, template } = await synthesize('prod', { config: { api: { ...STAGES.prod.api, firewall } } });

    const [[, { Properties }] = ['', { Properties: {} }]] = resourcesOf(template, 'AWS::WAFv2::WebACL');
    expect(JSON.stringify(Properties.Rules)).toContain(
      '"AggregateKeyType":"IP","EvaluationWindowSec":300,"Limit":3000',
    );
    expect(Properties.Rules).toHaveLength(4);
    expect(new AwsSolutionsChecks(app).validateScope(stack).violations.map(({ ruleName }) => ruleName)).toEqual([]);
  });

  it('is refused for an HTTP API, which has none', async () => {
    const lean = synthesize('lean', { config: { api: { ...STAGES.lean.api, firewall } } });

    await expect(lean).rejects.toThrow('needs a REST API for a firewall');
  });
});

describe.each([RestHttpApi, LeanHttpApi])('%o without an authorizer', (Kind) => {
  it('asks nobody', () => {
    const template = synthesizeApi(Kind, { authorized: false });

    template.resourceCountIs('AWS::ApiGateway::Authorizer', 0);
    template.resourceCountIs('AWS::ApiGatewayV2::Authorizer', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('"CUSTOM"');
  });
});
