import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { ecsIdentity } from '#platform/instance-settings.ts';
import { listenOnFreePort } from '#test/support/listen.ts';

async function metadata(answer: unknown) {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.url === '/v4/abc/task' ? answer : {}));
  });
  const url = await listenOnFreePort(server);
  return {
    env: { ECS_CONTAINER_METADATA_URI_V4: `${url}/v4/abc`, ECS_AGENT_URI: `${url}/agent` },
    [Symbol.dispose]: () => void server.close(),
  };
}

it('names an instance on ECS as ECS does, so that it can be listed and stopped by that name', async () => {
  using ecs = await metadata({
    TaskARN: 'arn:aws:ecs:us-east-1:111122223333:task/cluster/158d1c8083dd49d6b527399fd6414f5c',
    Containers: [{ Image: 'repository/model-a:1' }],
  });

  const identity = await ecsIdentity(ecs.env);

  expect(identity).toEqual({
    id: '158d1c8083dd49d6b527399fd6414f5c',
    image: 'repository/model-a:1',
    agentUri: ecs.env.ECS_AGENT_URI,
  });
});

it('knows nothing of ECS elsewhere', async () => {
  expect(await ecsIdentity({})).toBeUndefined();
});

it('does not start an instance that ECS could never find again', async () => {
  using ecs = await metadata({});

  await expect(ecsIdentity(ecs.env)).rejects.toThrow('ECS does not say which task this is.');
});
