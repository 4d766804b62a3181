import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '#api';
import { createHandler } from '#lambdas/get-console/handler.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { freshenConsole } from '../../lib/bundling/fresh-console.ts';
import { call } from './api-harness.ts';

const MAX_COMPRESSED_BYTES = 200_000;

const deps = { logger: silentLogger, auth: 'none' } as const;
const handler = createHandler(deps);
const compressing = createHandler(deps, { compresses: true });
const root = (headers: Readonly<Record<string, string>> = {}) => call(handler, { route: '/', headers });
const file = (name: string) => call(handler, { route: '/console/{file}', params: { file: name } });

beforeAll(() => freshenConsole());

/** The files that the page names. */
async function named(): Promise<string[]> {
  const { body } = await root({ accept: 'text/html' });
  return [...body.matchAll(/"console\/([^"]+)"/g)].map(([, name = '']) => name);
}

describe('GET /', () => {
  it('is a page of scripts and styles from its own address and nothing else', async () => {
    const { statusCode, headers, body } = await root({ accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });

    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'Content-Type': 'text/html; charset=utf-8', Vary: 'Accept' });
    expect(headers['Content-Security-Policy']).toMatch(/default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['Content-Security-Policy']).not.toMatch(/unsafe|\*|https?:/);
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bon\w+=/);
    expect(await named()).toEqual([
      expect.stringMatching(/^main-\w{8}\.css$/),
      expect.stringMatching(/^main-\w{8}\.js$/),
    ]);
  });

  it.each<Record<string, string>>([{ accept: 'application/json' }, { accept: '*/*' }, {}])(
    'is an index of links for %o',
    async (headers) => {
      const answer = await root(headers);
      const { links, routes, auth } = JSON.parse(answer.body) as Record<string, unknown>;

      expect(answer.headers['Content-Type']).toBe('application/json');
      expect(auth).toBe('none');
      expect(Object.values(links as object).every((link) => ROUTES.some(({ path }) => path === link))).toBe(true);
      expect(routes).toHaveLength(ROUTES.length);
    },
  );

  it('refuses types that it does not have', async () => {
    expect((await root({ accept: 'image/png' })).statusCode).toBe(406);
  });
});

describe('GET /console/{file}', () => {
  it('may be kept for ever, because names contain a hash', async () => {
    for (const name of await named()) {
      const { statusCode, headers } = await file(name);

      expect(statusCode).toBe(200);
      expect(headers['Cache-Control']).toBe('public, max-age=31536000, immutable');
      expect(headers['Content-Type']).toMatch(name.endsWith('.css') ? /^text\/css;/ : /^text\/javascript;/);
    }
  });

  it.each(['stamp.txt', '../package.json', 'main.js'])('%s is not there', async (name) => {
    expect((await file(name)).statusCode).toBe(404);
  });

  it('is compressed by a gateway for clients that accept it', async () => {
    const [, script = ''] = await named();
    const ask = (accepted: string) =>
      call(compressing, {
        route: '/console/{file}',
        params: { file: script },
        headers: { 'accept-encoding': accepted },
      });

    const [plain, packed, refused] = await Promise.all([ask('gzip'), ask('gzip, br'), ask('br;q=0')]);

    expect(packed.headers).toMatchObject({ 'Content-Encoding': 'br', Vary: 'Accept-Encoding' });
    expect(brotliDecompressSync(Buffer.from(packed.body, 'base64')).toString()).toBe(plain.body);
    expect(plain.headers).not.toHaveProperty('Content-Encoding');
    expect(refused.body).toBe(plain.body);
  });

  it(`has at most ${MAX_COMPRESSED_BYTES} compressed bytes in all`, async () => {
    const seen = new Set(await named());
    for (const name of seen) {
      for (const [, part = ''] of (await file(name)).body.matchAll(/["']\.\/((?:main|part)-[\w-]+\.js)["']/g))
        seen.add(part);
    }
    const bodies = await Promise.all([...seen].map(async (name) => (await file(name)).body));

    const compressed = bodies.reduce((sum, body) => sum + brotliCompressSync(body).byteLength, 0);

    // The page, its styles, and the parts that are loaded later.
    expect(seen.size).toBeGreaterThan(2);
    expect(compressed).toBeLessThanOrEqual(MAX_COMPRESSED_BYTES);
  });
});
