import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, vi } from 'vitest';
import type { AnsweredCall } from '#core';
import { LOCAL_PRINCIPAL } from '#core';
import { Admission } from '#gateway/admission.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { OK, startBridge } from './bridge-harness.ts';

it.each([
  ['GET', ''],
  ['POST', 'Content-Type: application/json\r\nContent-Length: 2\r\n'],
])('a %s whose client leaves while its caller is identified gives its place back', async (method, headers) => {
  const admission = new Admission({ maxRequests: 1, logger: silentLogger });
  const [asked, identified] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const records: AnsweredCall[] = [];
  const { port, url, calls } = await startBridge(
    async () => OK,
    {},
    {
      admission,
      record: (call) => void records.push(call),
      async authenticate() {
        asked.resolve();
        await identified.promise;
        return LOCAL_PRINCIPAL;
      },
    },
  );
  const client = connect(port, '127.0.0.1');
  client.write(`${method} /things/1 HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
  await asked.promise;
  const other = connect(port, '127.0.0.1');

  client.resetAndDestroy();
  // The server reads what a client sends later after the end of the one before.
  other.write('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(other, 'data');
  other.destroy();
  identified.resolve();

  await vi.waitFor(() => expect(records).toMatchObject([{ status: 499 }]));
  expect(calls).toEqual([]);
  expect((await fetch(`${url}/things/1`)).status).toBe(200);
});
