import { Agent, request } from 'node:http';

const PROTOBUF = 'application/x-protobuf';
const TIMEOUT_MS = 60_000;

interface Load {
  readonly callers: number;
  readonly ms: number;
}

/** Predictions per second of callers that each wait for their answer. Answers of 429 and 503 are not counted. */
export async function throughput(url: string, model: string, body: Uint8Array, { callers, ms }: Load): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  let done = 0;
  const call = async (): Promise<void> => {
    while (performance.now() < startedAt + ms) if (await predict(agent, url, model, body)) done++;
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  return done / seconds;
}

/** Milliseconds of each of `count` predictions, one after the other. */
export async function latencies(url: string, model: string, body: Uint8Array, count: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const found: number[] = [];
  while (found.length < count) {
    const sentAt = performance.now();
    if (await predict(agent, url, model, body)) found.push(performance.now() - sentAt);
  }
  agent.destroy();
  return found;
}

/** Whether the prediction was answered with its result. */
const predict = (agent: Agent, url: string, model: string, body: Uint8Array): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': PROTOBUF, Accept: PROTOBUF, Prefer: 'wait=20' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sent = request(`${url}/predict/${model}`, { method: 'POST', agent, headers, signal }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200));
    });
    sent.once('error', reject).end(body);
  });
