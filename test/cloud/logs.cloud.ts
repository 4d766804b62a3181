import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { afterAll, describe, expect, it } from 'vitest';
import { modelServiceName } from '#adapters/aws/resources.ts';
import { EmbeddedSystem as DeployedSystem } from '#test/support/deployed-system.ts';
import { addUser, bearer, login } from './deployed-users.ts';

const TASK_ID = 'f'.repeat(32);
const system = new DeployedSystem(process.env.MODELYARD_E2E_URL ?? '');
const connection = {
  endpoint: process.env.MODELYARD_E2E_ENDPOINT ?? '',
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};
const logs = new CloudWatchLogsClient(connection);
const ecs = new ECSClient(connection);
afterAll(() => {
  logs.destroy();
  ecs.destroy();
});

interface Lines {
  readonly lines: readonly { readonly instance: string; readonly message: string }[];
}

/** Writes as the log driver of ECS does, because the emulator runs no containers here. */
async function writeAsInstance(...messages: readonly string[]): Promise<void> {
  const taskDefinition = modelServiceName('modelyard-guarded-', 'model_a');
  const { taskDefinition: found } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
  const { name, logConfiguration } = found?.containerDefinitions?.[0] ?? {};
  const logGroupName = logConfiguration?.options?.['awslogs-group'];
  const place = { logGroupName, logStreamName: `model_a/${name}/${TASK_ID}` };
  await logs.send(new CreateLogStreamCommand(place));
  const logEvents = messages.map((message, at) => ({ timestamp: Date.now() - 1000 + at, message }));
  await logs.send(new PutLogEventsCommand({ ...place, logEvents }));
}

describe('the logs of a deployed model', () => {
  it('are read by operators from the log group of its service, and by nobody else', async () => {
    await writeAsInstance('{"level":"info","message":"Ran.","taskId":"task-1"}', 'A library says something.');
    const tokenOf = async (role: string) => (await login(system, await addUser('guarded', role))).access_token;
    const [operator, user] = await Promise.all([tokenOf('operator'), tokenOf('user')]);
    const read = (token: string, query = '') =>
      system.fetch(`/models/model_a/logs?instance=${TASK_ID}${query}`, { headers: bearer(token) });

    const all = await read(operator);
    const ofTask = await read(operator, '&task=task-1');
    const refused = await read(user);

    expect(await all.json()).toMatchObject({
      lines: [
        { instance: TASK_ID, level: 'info', message: 'Ran.', fields: { taskId: 'task-1' } },
        { instance: TASK_ID, level: 'info', message: 'A library says something.' },
      ],
    });
    expect(((await ofTask.json()) as Lines).lines.map(({ message }) => message)).toEqual(['Ran.']);
    expect(refused.status).toBe(403);
  });
});
