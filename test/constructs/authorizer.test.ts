import { rmSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { HANDLER_NAMES, ROUTES } from '#api/http/routes.ts';
import { handler } from '#test/cloud/authorizer/index.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { type HttpApiProps, methodsOf } from '../../lib/constructs/http-api.ts';
import { LeanHttpApi } from '../../lib/constructs/lean-http-api.ts';
import { RestHttpApi } from '../../lib/constructs/rest-http-api.ts';
import { type ApiConfig, STAGES } from '../../lib/stacks/stage-config.ts';

type Api = new (scope: Stack, id: string, props: HttpApiProps) => unknown;

/** An API alone, with or without somebody who is asked first. */
function synthesizeApi(Kind: Api, { authorized }: { readonly authorized: boolean }): Template {
  const app = new App();
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
  const template = Template.fromStack(stack);
  rmSync(app.outdir, { recursive: true });
  return template;
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

describe('a stage with an authorizer', () => {
  const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:who-calls';

  it.each(['rest', 'http'] as const)('lets its %s API ask the function, and no other API', async (kind) => {
    const api = { ...STAGES.dev.api, kind, authorizer: { functionArn } };

    const { template } = await synthesize('dev', { config: { api } });

    const [[id] = ['']] = resourcesOf(template, `AWS::ApiGateway${kind === 'http' ? 'V2' : ''}::Authorizer`);
    const [granted] = resourcesOf(template, 'AWS::Lambda::Permission').filter(
      ([, { Properties }]) => Properties.FunctionName === functionArn,
    );
    expect(granted?.[1].Properties).toMatchObject({
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    });
    expect(JSON.stringify(granted?.[1].Properties.SourceArn)).toContain(id);
  });

  it('has no other way to submit', () => {
    // @ts-expect-error: the URL of the submit handler would go round the authorizer.
    const api: ApiConfig = { ...STAGES.lean.api, submitUrl: true, authorizer: { functionArn } };

    expect(api.submitUrl).toBe(true);
  });
});

describe('the policy that an authorizer answers', () => {
  const API = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/v1';

  /** Whether a resource of a policy covers a method, by the rule of IAM. */
  const covers = (resource: string, methodArn: string): boolean =>
    new RegExp(`^${resource.replaceAll(/[.$^+?()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(methodArn);

  it.each([API, API.replace('v1', '$default')])('holds for every route of %s while it is kept', async (api) => {
    const asked = { headers: { authorization: 'Bearer anna' }, methodArn: `${api}/GET/tasks` };

    const { principalId, policyDocument } = await handler(asked);

    const resources = JSON.parse(JSON.stringify(policyDocument.Statement)) as { Effect: string; Resource: string }[];
    expect(principalId).toBe('anna');
    expect(resources.map(({ Effect }) => Effect)).toEqual(['Allow']);
    for (const { method, path } of ROUTES) {
      expect(covers(resources[0]?.Resource ?? '', `${api}/${method}${path}`), path).toBe(true);
    }
    expect(covers(resources[0]?.Resource ?? '', `${api.replace('a1b2c3', 'other')}/GET/tasks`)).toBe(false);
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
