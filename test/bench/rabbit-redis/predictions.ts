import { Agent, request } from 'node:http';
import { createHandlerDeps } from '#api';
import { loadContract } from '#contract';
import { submitTask, waitForTask } from '#core';
import { createRabbitRedisPlatform } from '#platform/rabbit-redis.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

/** One way to predict with model_a. */
export interface Predictions {
  /** Resolves with the result. Rejects when the task did not succeed. */
  readonly predict: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Servers {
  readonly amqpUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

const OWNER = 'bench';
const WAIT_MS = 20_000;
const BODY = '{"data": "example"}';

/** Without HTTP: the use cases in this process. */
export function openUseCases(servers: Servers): Predictions {
  const created = createRabbitRedisPlatform(servers);
  const { platform, models, waits } = createHandlerDeps({ auth: 'none', platform: created, logger: silentLogger });
  const predict = async (): Promise<void> => {
    const { model, contract, descriptor } = await models.served('model_a');
    const { request, response } = await loadContract(descriptor);
    const task = await submitTask(platform, {
      owner: OWNER,
      model: model.name,
      contract,
      request: request.fromJson(Buffer.from(BODY)),
      limits: model.limits,
    });
    const { state, result } = await waitForTask(waits, { id: task.id, owner: OWNER, waitMs: WAIT_MS, known: task });
    if (state !== 'succeeded' || result?.payload.kind !== 'inline') throw new Error(`A prediction ended as ${state}.`);
    response.toJson(result.payload.bytes);
  };
  return { predict, close: () => created.close() };
}

/** Through the gateway by node:http, because `fetch` costs twice the CPU. */
export function openGateway(url: string): Predictions {
  const agent = new Agent({ keepAlive: true });
  const { hostname: host, port } = new URL(url);
  const headers = { 'Content-Type': 'application/json', 'Content-Length': BODY.length };
  const target = { host, port, path: '/predict/model_a', method: 'POST', headers, agent };
  const predict = () =>
    new Promise<void>((resolve, reject) => {
      const sent = request(target, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const { state } = JSON.parse(text) as { readonly state?: string };
          if (state === 'succeeded') resolve();
          else reject(new Error(`A prediction ended as ${response.statusCode} ${state}.`));
        });
      });
      sent.on('error', reject);
      sent.end(BODY);
    });
  return { predict, close: async () => agent.destroy() };
}
