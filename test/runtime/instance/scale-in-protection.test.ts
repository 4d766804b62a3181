import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Clock } from '#core';
import { scaleInProtection } from '#runtime/instance/scale-in-protection.ts';
import { listenOnFreePort } from '#test/support/listen.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

interface Asked {
  readonly ProtectionEnabled: boolean;
  readonly ExpiresInMinutes?: number;
}

let asked: Asked[];
let status: number;
let agentUri: string;
let close: () => void;

beforeEach(async () => {
  asked = [];
  status = 200;
  const server = createServer(async (request, response) => {
    if (request.url !== '/api/task-protection/v1/state' || request.method !== 'PUT') response.statusCode = 404;
    else response.statusCode = status;
    asked.push(JSON.parse(Buffer.concat(await request.toArray()).toString()) as Asked);
    response.end();
  });
  agentUri = `${await listenOnFreePort(server)}/api`;
  close = () => void server.close();
});
afterEach(() => close());

/** Looks once for each count in hand, then is over. */
async function work(inHand: readonly number[], { onLook = () => {} }: { onLook?: (look: number) => void } = {}) {
  const over = new AbortController();
  let looks = 0;
  let now = 0;
  const clock: Clock = {
    now: () => now,
    async sleep(ms) {
      now += ms;
      onLook(looks);
      looks += 1;
      if (looks > inHand.length) over.abort();
    },
  };
  const keep = scaleInProtection({ agentUri, clock, logger: silentLogger });
  await keep(() => inHand[looks - 1] ?? 0, over.signal);
}

it('asks once while a long run is in hand, and takes it back when it has ended', async () => {
  await work([1, 1, 1, 0, 0]);

  expect(asked).toEqual([{ ProtectionEnabled: true, ExpiresInMinutes: 10 }, { ProtectionEnabled: false }]);
});

it('asks again before the protection runs out', async () => {
  await work(Array.from({ length: 20 }, () => 1));

  expect(asked.filter(({ ProtectionEnabled }) => ProtectionEnabled)).toHaveLength(2);
});

it('never asks while there is nothing to do', async () => {
  await work([0, 0, 0]);

  expect(asked).toEqual([]);
});

it('goes on asking an agent that refuses', async () => {
  status = 500;

  await work([1, 1], {
    onLook: (look) => {
      if (look === 1) status = 200;
    },
  });

  expect(asked.map(({ ProtectionEnabled }) => ProtectionEnabled)).toEqual([true, true, false]);
});
