import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findBrokers } from '#test/support/broker-binaries.ts';
import { aPrefix, useRabbitRedis } from '#test/support/rabbit-redis.ts';

const SUITE = 'Packets to RabbitMQ';
const brokers = findBrokers(SUITE);
const TOGETHER = 20;
/** Methods of the class `basic` of AMQP 0-9-1. */
const BASIC = 60;
const PUBLISH = 40;
const ACK = 80;

/** Type, channel and length of a frame take 7 bytes. */
const isMethod = (frame: Buffer, method: number): boolean =>
  frame[0] === 1 && frame.length > 11 && frame.readUInt16BE(7) === BASIC && frame.readUInt16BE(9) === method;

/** Node replaces what it was given by its buffers. */
const framesOf = (written: unknown): readonly Buffer[] =>
  (Array.isArray(written) ? written : [written]).map((frame) => ('chunk' in frame ? frame.chunk : frame));

if (!brokers) describe(SUITE, () => it.todo('runs where redis-server and rabbitmq-server are installed'));
else {
  const servers = useRabbitRedis(brokers);

  /** Counts the writes to RabbitMQ with a frame of this method, from now on. Other frames change prefetch windows. */
  function countWrites(): (method: number) => number {
    const port = Number(new URL(servers.rabbitmq.url).port);
    const spies = (['_write', '_writev'] as const).map((method) => vi.spyOn(Socket.prototype, method));
    return (method) =>
      spies
        .flatMap(({ mock }) => mock.contexts.map((socket, at) => ({ socket, written: mock.calls[at]?.[0] })))
        .filter(({ socket }) => (socket as Socket).remotePort === port)
        .map(({ written }) => framesOf(written))
        .filter((frames) => frames.some((frame) => isMethod(frame, method))).length;
  }

  afterEach(() => {
    vi.restoreAllMocks();
  });

  describe(SUITE, () => {
    it('carry all messages that are sent, and all that are settled, at one time', async () => {
      const queue = servers.open({ prefix: aPrefix() }).queues('model_a');
      const send = () => queue.send({ body: Uint8Array.of(1), group: 'somebody' });
      const stop = new AbortController();
      const consumer = queue.consume({ leaseSeconds: 30, signal: stop.signal });
      await send();
      const held = [...(await consumer.receive(1))];
      const countSoFar = countWrites();

      await Promise.all(Array.from({ length: TOGETHER }, send));
      const sending = countSoFar(PUBLISH);
      while (held.length <= TOGETHER) held.push(...(await consumer.receive(TOGETHER + 1 - held.length)));
      const before = countSoFar(ACK);
      await Promise.all(held.map((delivery) => delivery.ack()));
      const settling = countSoFar(ACK) - before;

      expect([sending > 0, settling > 0]).toEqual([true, true]);
      expect(sending).toBeLessThanOrEqual(2);
      expect(settling).toBeLessThanOrEqual(2);
      stop.abort();
      await consumer.close();
    });
  });
}
