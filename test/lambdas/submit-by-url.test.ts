import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ProxyContext, ProxyEvent, ProxyResult } from '#api';
import { changeUser, type UserLimits } from '#core';
import { provision } from '#local/provision.ts';
import { awsEnvironment } from '#platform/aws.ts';
import * as ENV from '#platform/environment-names.ts';
import type { FullPlatform } from '#platform/platform.ts';
import { useEmulatedAws } from '#test/support/emulated-aws.ts';
import { registerModelB } from '#test/support/model-b.ts';
import { AUDIENCE, type OidcIssuer, startIssuer } from '#test/support/oidc-issuer.ts';

// The entry of the function URL as Lambda loads it, with the tokens of a real issuer.
const ENTRY = new URL('../../lambdas/submit-by-url/index.ts', import.meta.url).href;
const aws = useEmulatedAws();
let issuer: OidcIssuer;
let platform: FullPlatform;
let handler: (event: ProxyEvent, context: ProxyContext) => Promise<ProxyResult>;

beforeAll(async () => {
  issuer = await startIssuer();
  await provision(aws.settings, ['model_b']);
  platform = aws.open();
  await registerModelB(platform);
  const environment = {
    ...awsEnvironment(aws.settings),
    ...{ [ENV.auth]: 'oidc', [ENV.oidcIssuer]: issuer.issuer, [ENV.oidcAudience]: AUDIENCE },
    ...{ [ENV.userLimits]: 'all', [ENV.callDays]: '30' },
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  ({ handler } = (await import(ENTRY)) as { handler: typeof handler });
});

afterAll(() => {
  vi.unstubAllEnvs();
  issuer.close();
});

const submit = (token?: string) =>
  handler(
    {
      ...{ routeKey: '$default', rawPath: '/models/model_b/tasks', body: '{"value": 1}', isBase64Encoded: false },
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      requestContext: { requestId: 'r-1', http: { method: 'POST', sourceIp: '198.51.100.7' } },
    },
    { awsRequestId: 'r-1', functionName: 'submit', getRemainingTimeInMillis: () => 28_000 } as unknown as ProxyContext,
  );

async function aUser(name: string, limits: UserLimits): Promise<string> {
  const user = await platform.users.create({
    ...{ name: `${name} at ${issuer.issuer}`, role: 'user', passwordHash: '', createdAt: 1 },
  });
  if (!user) throw new Error('The name is taken.');
  await changeUser(platform, user.id, (known) => ({ ...known, limits }));
  return user.id;
}

describe('the URL of the submit handler, with AUTH=oidc', () => {
  it('knows callers by tokens of the issuer, counts their tasks and writes their calls', async () => {
    const id = await aUser('bob', { tasksPerDay: 1 });
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const token = await issuer.tokenOf('bob');

    const [first, second] = [await submit(token), await submit(token)];

    const lines = write.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('modelyardCall'));
    write.mockRestore();
    const { id: task } = JSON.parse(first.body) as { readonly id: string };
    expect([first.statusCode, second.statusCode]).toEqual([202, 429]);
    expect(second.headers['Retry-After']).toMatch(/^\d+$/);
    expect((await platform.tasks.get(task))?.owner).toBe(id);
    expect(lines.map((line) => JSON.parse(line).modelyardCall)).toMatchObject([
      { owner: id, route: '/models/{model}/tasks', status: 202, taskId: task },
      { owner: id, route: '/models/{model}/tasks', status: 429 },
    ]);
  });

  it.each<[string, () => Promise<string | undefined>]>([
    ['no token', async () => undefined],
    ['another audience', () => issuer.forge({ aud: 'other' })],
    ['another issuer', () => issuer.forge({ iss: 'https://evil.example' })],
    ['an expiry in the past', () => issuer.forge({ exp: 1 })],
  ])('answers 401 to %s', async (_, attack) => {
    const { statusCode, headers } = await submit(await attack());

    expect([statusCode, headers['WWW-Authenticate']]).toEqual([401, 'Bearer realm="modelyard"']);
  });
});
