import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Emulators, startEmulators } from '#local/emulators.ts';
import { localAwsSettings, provision } from '#local/provision.ts';
import { createAwsPlatform } from '#platform/aws.ts';
import type { Platform } from '#platform/platform.ts';
import { openGate } from '#test/support/gate.ts';
import { aFreshTask } from '#test/support/tasks.ts';

const HEADERS = [
  'POST / HTTP/1.1',
  'Host: localhost',
  'Content-Type: application/x-amz-json-1.0',
  'X-Amz-Target: DynamoDB_20120810.ListTables',
  'X-Amz-Date: 20260101T000000Z',
  'Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a',
  'Content-Length: 2',
  '',
  '',
].join('\r\n');

/** Sends the beginning of a request, or all of it, and is killed. */
function die(url: string, request: string): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(request, () => socket.resetAndDestroy());
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

describe('the emulators', () => {
  let emulators: Emulators;

  beforeAll(async () => {
    emulators = await startEmulators();
    await provision(localAwsSettings(emulators), ['model_a']);
  });

  afterAll(() => emulators.close());

  it('survive clients that are killed in the middle of a request', async () => {
    const { dynamodb, sqs } = emulators.endpoints;
    const requests = [HEADERS, `${HEADERS}{`, `${HEADERS}{}`, 'POST / HT'];

    for (const url of [dynamodb, sqs]) {
      await Promise.all(requests.flatMap((request) => Array.from({ length: 10 }, () => die(url, request))));
    }

    const platform = createAwsPlatform(localAwsSettings(emulators));
    const task = aFreshTask();
    expect(await platform.tasks.create(task)).toBeUndefined();
    expect(await platform.queues('model_a').depth()).toMatchObject({ visible: 0 });
    await platform.close();
  });

  it('give a message to the living when a receiver is killed in the middle of its poll', async () => {
    const settings = { ...localAwsSettings(emulators), pollSeconds: 20 };
    await provision(settings, ['model_c']);
    const gate = await openGate(emulators.endpoints.sqs);
    const doomed = createAwsPlatform({ ...settings, endpoints: { ...settings.endpoints, sqs: gate.url } });
    const alive = createAwsPlatform(settings);
    const consume = (platform: Platform) =>
      platform.queues('model_c').consume({ leaseSeconds: 600, signal: new AbortController().signal });
    const killed = consume(doomed);
    const receiving = killed.receive(1).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Its connections end, as the kernel ends those of a killed process.
    await gate.shut();
    await receiving;

    await alive.queues('model_c').send({ body: Uint8Array.of(7), group: 'somebody' });
    const consumer = consume(alive);
    const [delivery] = await consumer.receive(1);

    expect(Array.from(delivery?.body ?? [])).toEqual([7]);
    await delivery?.ack();
    await Promise.all([consumer.close(), killed.close()]);
    await Promise.all([alive.close(), doomed.close()]);
  });

  it('listen on this machine only', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address && !address.internal && address.family === 'IPv4');

    for (const url of Object.values(emulators.endpoints)) {
      expect(new URL(url).hostname).toBe('127.0.0.1');
      if (outside) await expect(fetch(`http://${outside.address}:${new URL(url).port}`)).rejects.toThrow();
    }
  });

  it('can be provisioned again without losing anything', async () => {
    const settings = localAwsSettings(emulators);
    const platform = createAwsPlatform(settings);
    const task = aFreshTask();
    await platform.tasks.create(task);
    await platform.queues('model_a').send({ body: Uint8Array.of(1), group: 'somebody' });

    await provision(settings, ['model_a', 'model_b']);

    expect(await platform.tasks.get(task.id)).toEqual(task);
    expect(await platform.queues('model_a').depth()).toMatchObject({ visible: 1 });
    expect(await platform.queues('model_b').depth()).toMatchObject({ visible: 0 });
    await platform.close();
  });

  it('close at once, whoever is still waiting', async () => {
    const others = await startEmulators();
    const settings = { ...localAwsSettings(others), pollSeconds: 20 };
    await provision(settings, ['model_a']);
    const platform = createAwsPlatform(settings);
    const consumer = platform.queues('model_a').consume({ leaseSeconds: 30, signal: new AbortController().signal });
    const receiving = consumer.receive(1).catch((error: unknown) => error);
    await platform.tasks.get('any');

    await others.close();

    await receiving;
    await consumer.close();
    await expect(fetch(others.endpoints.sqs)).rejects.toThrow();
    await expect(fetch(others.endpoints.dynamodb)).rejects.toThrow();
    await platform.close();
  });
});
