import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHandler } from '#lambdas/get-docs/handler.ts';
import { silentLogger } from '#test/support/silent-logger.ts';
import { writeLambda } from '../../lib/bundling/bundle-lambda.ts';
import { IMPORT_ENVIRONMENT } from '../../lib/bundling/esbuild-options.ts';
import { call } from './api-harness.ts';

const LAMBDA = fileURLToPath(new URL('../../lambdas/get-docs', import.meta.url));
/** Answers with what a bundle says to a request for a file. */
const ASK = `
  const { handler } = await import(process.argv[1] + '/index.mjs');
  const event = { httpMethod: 'GET', resource: '/docs/{file}', path: '/docs/swagger-ui.css', pathParameters: { file: 'swagger-ui.css' } };
  const { statusCode, headers, body } = await handler(event, { awsRequestId: 'r' });
  console.log(JSON.stringify({ statusCode, type: headers['Content-Type'], length: body.length }));
`;

const handler = createHandler({ logger: silentLogger });
const page = () => call(handler, { route: '/docs' });
const file = (
  name: string,
  query: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
) => call(handler, { route: '/docs/{file}', params: { file: name }, query, headers });

describe('GET /docs', () => {
  it('is a page of files from its own address and nothing else', async () => {
    const { statusCode, headers, body } = await page();
    const addresses = [...body.matchAll(/(?:src|href|data-openapi)="([^"]*)"/g)].map(([, address]) => address);

    expect(statusCode).toBe(200);
    expect(headers['Content-Type']).toBe('text/html; charset=utf-8');
    expect(headers['Content-Security-Policy']).toMatch(/default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(headers['Content-Security-Policy']).not.toMatch(/unsafe|\*|https?:/);
    expect(addresses.map((address) => address?.replace(/\?v=[\w-]{22}$/, '?v'))).toEqual([
      'data:,',
      'docs/swagger-ui.css?v',
      'docs/accessible.css?v',
      'openapi.json',
      'openapi.json',
      'docs/swagger-ui-bundle.js?v',
      'docs/start.js?v',
    ]);
  });

  it('names files that are there, and may be kept for ever', async () => {
    const { body } = await page();
    const named = [...body.matchAll(/"docs\/([^"?]+)\?v=([^"]+)"/g)];

    for (const [, name = '', v = ''] of named) {
      const { statusCode, headers } = await file(name, { v });

      expect(statusCode).toBe(200);
      expect(headers['Cache-Control']).toBe('public, max-age=31536000, immutable');
      expect(headers['Content-Type']).toMatch(name.endsWith('.css') ? /^text\/css;/ : /^text\/javascript;/);
    }
    expect(named).toHaveLength(4);
  });

  it('keeps a file of another version no longer than until it is asked for again', async () => {
    const { headers } = await file('start.js', { v: 'older' });
    const again = await file('start.js', {}, { 'If-None-Match': String(headers.ETag) });

    expect(headers['Cache-Control']).toBe('no-cache');
    expect(again.statusCode).toBe(304);
  });

  it.each(['index.html', '../package.json', 'swagger-ui.js', ''])('has no file «%s»', async (name) => {
    const { statusCode, json } = await file(name);

    expect(statusCode).toBe(404);
    expect(json.type).toBe('/problems/route-not-found');
  });

  it('finds its files in its bundle, where nothing is installed', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'modelyard-docs-')));
    onTestFinished(() => rmSync(folder, { recursive: true }));

    writeLambda(LAMBDA, folder);
    const args = ['--input-type=module', '--eval', ASK, folder];
    const answer = execFileSync(process.execPath, args, { cwd: folder, env: IMPORT_ENVIRONMENT, encoding: 'utf8' });

    expect(JSON.parse(answer.trim().split('\n').at(-1) ?? '')).toEqual({
      statusCode: 200,
      type: 'text/css; charset=utf-8',
      length: expect.toSatisfy((length: number) => length > 100_000),
    });
  });
});
