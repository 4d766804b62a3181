import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { CORS_REQUEST_HEADERS } from '#api/http/headers.ts';
import { ROUTES } from '#api/http/routes.ts';
import { resource, resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { STAGES } from '../../lib/stacks/stage-config.ts';

const corsOrigins = ['https://example.com', 'https://other.example'];
const told = (of: Template): unknown[] =>
  resourcesOf(of, 'AWS::Lambda::Function').map(
    ([, { Properties }]) => Properties.Environment.Variables.MODELYARD_CORS_ORIGINS,
  );

describe('a REST API that lets pages of other origins in', async () => {
  const { template } = await synthesize('dev', { config: { api: { ...STAGES.dev.api, corsOrigins } } });

  it('answers on every path what they may send', () => {
    const asked = resourcesOf(template, 'AWS::ApiGateway::Method').filter(
      ([, { Properties }]) => Properties.HttpMethod === 'OPTIONS',
    );

    expect(asked.length).toBeGreaterThanOrEqual(new Set(ROUTES.map(({ path }) => path)).size);
    for (const [, { Properties }] of asked) {
      const [{ ResponseParameters }] = Properties.Integration.IntegrationResponses;
      const allowed = ResponseParameters['method.response.header.Access-Control-Allow-Headers'];
      for (const name of CORS_REQUEST_HEADERS) expect(allowed).toContain(name);
    }
  });

  it('has every function say who may read its answers', () => {
    expect(new Set(told(template))).toEqual(new Set([corsOrigins.join(' ')]));
  });

  it('lets them read why the gateway itself refuses', () => {
    for (const [, { Properties }] of resourcesOf(template, 'AWS::ApiGateway::GatewayResponse')) {
      expect(Properties.ResponseParameters['gatewayresponse.header.Access-Control-Allow-Origin']).toBe("'*'");
    }
  });
});

describe('an HTTP API that lets pages of other origins in', async () => {
  const { template } = await synthesize('lean', { config: { api: { ...STAGES.lean.api, corsOrigins } } });

  it('does all of it by itself, as does the URL of the submit handler', () => {
    const { CorsConfiguration } = resource(template, 'AWS::ApiGatewayV2::Api', 'Api').Properties;
    const { Cors } = resource(template, 'AWS::Lambda::Url', 'HandlersSubmitTask').Properties;

    for (const { AllowOrigins, AllowHeaders, ExposeHeaders } of [CorsConfiguration, Cors]) {
      expect(AllowOrigins).toEqual(corsOrigins);
      expect(AllowHeaders).toEqual(CORS_REQUEST_HEADERS);
      expect(ExposeHeaders).toEqual(expect.arrayContaining(['Location', 'Retry-After', 'X-Request-Id']));
    }
    expect(new Set(told(template))).toEqual(new Set([undefined]));
  });
});

it('nobody is let in by default', async () => {
  const { template } = await synthesize('prod');

  expect(JSON.stringify(template.toJSON())).not.toContain('Access-Control');
  expect(new Set(told(template))).toEqual(new Set([undefined]));
});
