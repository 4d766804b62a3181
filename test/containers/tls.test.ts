import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBinary, notRun } from '#test/support/broker-binaries.ts';
import { freePort, ServerProcess } from '#test/support/server-process.ts';
import { ROOT } from '../architecture/cruise.ts';

const SUITE = 'The Caddyfile of the profile tls';
const NAME = 'api.example.test';
const caddy =
  findBinary('caddy') ??
  notRun({ suite: SUITE, program: 'caddy', how: 'apt-get install -y caddy', required: 'REQUIRE_CADDY' });

if (!caddy) describe(SUITE, () => it.todo('runs where Caddy is installed'));
else {
  let folder: string;
  let gateway: Server;
  let server: ServerProcess;
  let port: number;

  /** `servername` is the name for which the connection is made. */
  async function ask(host: string, servername = NAME) {
    const asked = request({ port, host: '127.0.0.1', servername, headers: { host }, rejectUnauthorized: false });
    asked.end();
    const [response] = await once(asked, 'response');
    return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modelyard-tls-'));
    gateway = createServer(({ headers }, response) => response.end(JSON.stringify({ host: headers.host })));
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    port = await freePort();
    const given = await readFile(`${ROOT}/docker/caddy/Caddyfile`, 'utf8');
    const config = join(folder, 'Caddyfile');
    await writeFile(config, given.replaceAll(':8443', `:${port}`).replace('8081', String(await freePort())));
    server = new ServerProcess(caddy, ['run', '--config', config, '--adapter', 'caddyfile'], {
      cwd: folder,
      env: {
        ...{ TLS_NAME: NAME, TLS_GATEWAY: `127.0.0.1:${(gateway.address() as AddressInfo).port}` },
        ...{ XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
      },
    });
    await server.untilReady(() =>
      ask(NAME).then(
        () => true,
        () => false,
      ),
    );
  });

  afterAll(async () => {
    await server?.stop();
    gateway?.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe(SUITE, () => {
    it('passes requests to the gateway, for its own name', async () => {
      const { status, headers, body } = await ask(NAME);

      expect([status, body]).toEqual([200, { host: NAME }]);
      expect(headers['strict-transport-security']).toBe('max-age=31536000');
      expect(headers['alt-svc']).toBeUndefined();
    });

    it('refuses every other name, of the request and of the connection', async () => {
      const { status, headers, body } = await ask('other.example.test');

      expect([status, body.type, body.status]).toEqual([421, '/problems/misdirected-request', 421]);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers['content-type']).toBe('application/problem+json');
      await expect(ask(NAME, 'other.example.test')).rejects.toThrow(/alert/);
    });

    it('says by a problem that the gateway is away', async () => {
      gateway.closeAllConnections();
      gateway.close();

      const { status, headers, body } = await ask(NAME);

      expect([status, body.type, body.status]).toEqual([502, '/problems/bad-gateway', 502]);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    });
  });
}
