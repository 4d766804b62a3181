import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHandler } from '#lambdas/make-roles/handler.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const DATABASES = ['ingestion', 'serving'].map((Service) => ({ Service, Host: `${Service}.dsql.us-east-1.on.aws` }));

describe('the function that makes roles', () => {
  const answers: unknown[] = [];
  const server = createServer(async (request, response) => {
    answers.push(await json(request));
    response.end();
  });
  let url: string;
  let made: unknown[];
  beforeAll(async () => {
    url = await listenOnFreePort(server);
  });
  beforeEach(() => {
    answers.length = 0;
    made = [];
  });
  afterAll(() => void server.close());

  const deploy = (RequestType: 'Create' | 'Update' | 'Delete', broken = '') =>
    createHandler({
      logger: silentLogger,
      makeRole: async (host, role) => {
        if (role.name === broken) throw new Error('no route to host');
        made.push([host, role]);
      },
    })({
      ...{ RequestType, ResponseURL: url, StackId: 'stack', RequestId: 'request', LogicalResourceId: 'logical' },
      ResourceProperties: { Databases: DATABASES, Principals: ['arn:worker'] },
    });

  it('makes one in each database, and answers CloudFormation', async () => {
    await deploy('Create');

    expect(made).toEqual(DATABASES.map(({ Service: name, Host }) => [Host, { name, principals: ['arn:worker'] }]));
    expect(answers).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: 'roles', RequestId: 'request' }]);
  });

  it('fails the deployment with the reason', async () => {
    await deploy('Update', 'serving');

    expect(made).toHaveLength(1);
    expect(answers).toMatchObject([
      { Status: 'FAILED', Reason: expect.stringMatching(/role of serving could not be made.*no route/) },
    ]);
  });

  it('leaves roles to the deletion of their databases', async () => {
    await deploy('Delete');

    expect(made).toEqual([]);
    expect(answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });
});
