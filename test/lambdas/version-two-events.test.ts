import type { APIGatewayProxyEventV2, LambdaFunctionURLEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { ProxyContext, ProxyEvent, ProxyHandler } from '#api';
import { createHandler as createGetTask } from '#lambdas/get-task/handler.ts';
import { createHandler as createListTasks } from '#lambdas/list-tasks/handler.ts';
import { createHandler as createSubmit } from '#lambdas/submit-task/handler.ts';
import { ModelBRequest } from '#proto/models/model_b.ts';
import { createTestApi, type TestApi } from './api-harness.ts';

const HOST = 'url-id-12345.lambda-url.us-west-2.on.aws';

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** The event that Lambda makes of a request to the URL of a function, as its documentation has it. */
const functionUrlEvent = (
  rawPath: string,
  { method = 'POST', headers = {}, ...body }: Asked,
): LambdaFunctionURLEvent => ({
  version: '2.0',
  routeKey: '$default',
  rawPath,
  rawQueryString: 'parameter1=value1&parameter1=value2&parameter2=value',
  cookies: ['cookie1', 'cookie2=x; y'],
  headers: { host: HOST, 'content-type': 'application/json', prefer: 'wait=0', ...headers },
  queryStringParameters: { parameter1: 'value1,value2', parameter2: 'value' },
  requestContext: {
    accountId: 'anonymous',
    apiId: 'url-id-12345',
    domainName: HOST,
    domainPrefix: 'url-id-12345',
    http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '123.123.123.123', userAgent: 'agent' },
    requestId: 'request-1',
    routeKey: '$default',
    stage: '$default',
    time: '12/Mar/2020:19:03:58 +0000',
    timeEpoch: 1_583_348_638_390,
  },
  isBase64Encoded: false,
  ...body,
});

/** The event of an HTTP API of API Gateway, which names the route. */
const httpApiEvent = (
  routeKey: string,
  rawPath: string,
  fields: Pick<APIGatewayProxyEventV2, 'pathParameters' | 'queryStringParameters'>,
): APIGatewayProxyEventV2 => ({
  ...functionUrlEvent(rawPath, { method: routeKey.split(' ')[0] ?? '', headers: {} }),
  ...{ routeKey, ...fields },
});

const invoke = (handler: ProxyHandler, event: LambdaFunctionURLEvent | APIGatewayProxyEventV2) =>
  handler(event satisfies ProxyEvent, { awsRequestId: 'lambda-1' } as ProxyContext);

async function awake(): Promise<TestApi> {
  const api = createTestApi();
  await api.wake();
  return api;
}

describe('the URL of the submit handler', () => {
  const ask = (api: TestApi, path: string, asked: Asked = {}) =>
    invoke(createSubmit(api), functionUrlEvent(path, { body: '{"value": 7}', ...asked }));

  it.each(['/predict/model_b', '/models/model_b/tasks', '/predict/model%5Fb'])('takes tasks at %s', async (path) => {
    const api = await awake();

    const { statusCode, headers } = await ask(api, path);

    expect(statusCode).toBe(202);
    expect(headers).toMatchObject({ Location: expect.stringMatching(/^\/tasks\//), 'X-Request-Id': 'request-1' });
    expect(await api.work()).toMatchObject({ request: { value: 7 } });
  });

  it.each(['application/json', 'application/x-protobuf'])('reads %s that comes as base64', async (type) => {
    const api = await awake();
    const bytes = type.endsWith('json') ? Buffer.from('{"value": 7}') : ModelBRequest.encode({ value: 7 });

    const { statusCode } = await ask(api, '/predict/model_b', {
      headers: { 'content-type': type },
      body: Buffer.from(bytes).toString('base64'),
      isBase64Encoded: true,
    });

    expect(statusCode).toBe(202);
    expect(await api.work()).toMatchObject({ request: { value: 7 } });
  });

  it('reads a header that came more than once as the list that Lambda makes of it', async () => {
    const api = await awake();

    const { statusCode } = await ask(api, '/predict/model_b', {
      headers: { accept: 'text/html;q=0.1,application/json', prefer: 'respond-async,wait=0' },
    });

    // Not the 20 seconds that it would wait without being told.
    expect(statusCode).toBe(202);
  });

  it('needs a body', async () => {
    const api = await awake();
    const { body: _, ...event } = functionUrlEvent('/predict/model_b', {});

    const { statusCode, body } = await invoke(createSubmit(api), event);

    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/unreadable-body', instance: '/predict/model_b' });
  });

  it.each([
    ['GET', '/predict/model_b'],
    ['POST', '/'],
    ['POST', '/tasks/one/cancel'],
    ['POST', '/predict/model_b/more'],
    ['POST', '/predict/'],
  ])('has nothing at %s %s', async (method, path) => {
    const { statusCode, headers } = await ask(await awake(), path, { method });

    expect(statusCode).toBe(404);
    expect(headers['Content-Type']).toBe('application/problem+json');
  });

  it('refuses a path that cannot be decoded, as the gateway does', async () => {
    const { statusCode } = await ask(await awake(), '/predict/%E0%A4%A');

    expect(statusCode).toBe(400);
  });
});

describe('an event of version 2 of an HTTP API', () => {
  it('names the route and its parameters', async () => {
    const api = await awake();
    const { body } = await invoke(createSubmit(api), functionUrlEvent('/predict/model_b', { body: '{"value": 7}' }));
    const { id } = JSON.parse(body) as { readonly id: string };
    await api.work();

    const answer = await invoke(
      createGetTask(api),
      httpApiEvent('GET /tasks/{id}', `/tasks/${id}`, { pathParameters: { id } }),
    );

    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ id, state: 'succeeded' });
  });

  it('has a parameter that was given twice as one with a comma, which is refused', async () => {
    const queryStringParameters = { limit: '1,2' };

    const { statusCode, body } = await invoke(
      createListTasks(createTestApi()),
      httpApiEvent('GET /tasks', '/tasks', { queryStringParameters }),
    );

    expect(statusCode).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ type: '/problems/invalid-request', instance: '/tasks' });
  });
});
