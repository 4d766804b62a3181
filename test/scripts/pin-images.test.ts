import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FILES, referencesIn, withDigests } from '../../scripts/images/references.ts';
import { digestOf } from '../../scripts/images/registry.ts';
import { ROOT } from '../architecture/cruise.ts';
import { services } from '../containers/compose-file.ts';

const [OLD, NEW] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];

/** Answers as Docker Hub does: who asks without a token is sent for one. */
const registry = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://registry');
  if (url.pathname === '/token') {
    response.end(JSON.stringify({ token: `for ${url.searchParams.get('service')} ${url.searchParams.get('scope')}` }));
    return;
  }
  const [, repository = '', tag = ''] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(url.pathname) ?? [];
  const scope = `repository:${repository}:pull`;
  if (request.headers.authorization !== `Bearer for hub ${scope}`) {
    const realm = `${address()}/token`;
    response.setHeader('WWW-Authenticate', `Bearer realm="${realm}",service="hub",scope="${scope}"`);
    response.writeHead(401).end();
    return;
  }
  const isKnown = ['library/node 24-slim', 'prom/prometheus v3.5.0'].includes(`${repository} ${tag}`);
  if (isKnown && request.headers.accept?.includes('image.index')) response.setHeader('Docker-Content-Digest', NEW);
  response.writeHead(isKnown ? 200 : 404).end();
});
const address = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;

beforeAll(() => once(registry.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => registry.close());

it.each(['node:24-slim', 'prom/prometheus:v3.5.0'])('asks the registry for the digest of %s', async (reference) => {
  expect(await digestOf(reference, address())).toBe(NEW);
});

it('says what the registry answers for an image that it does not have', async () => {
  await expect(digestOf('node:none', address())).rejects.toThrow('answers 404 for node:none, without a digest.');
});

it('writes digests behind tags, in place of older ones, and nowhere else', () => {
  const text = [
    `ARG NODE_IMAGE=node:24-slim@${OLD}`,
    '    image: prom/prometheus:v3.5.0',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of compose
    '      NODE_IMAGE: ${NODE_IMAGE:-node:24-slim}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of compose
    '    image: modelyard/gateway:${TAG:-local}',
  ];
  const digests = new Map([
    ['node:24-slim', NEW],
    ['prom/prometheus:v3.5.0', NEW],
  ]);

  expect(withDigests(text.join('\n'), digests).split('\n')).toEqual([
    `ARG NODE_IMAGE=node:24-slim@${NEW}`,
    `    image: prom/prometheus:v3.5.0@${NEW}`,
    `      NODE_IMAGE: $\{NODE_IMAGE:-node:24-slim@${NEW}}`,
    text[3],
  ]);
});

it('knows every public image of the Dockerfile and of compose', () => {
  const found = new Set(FILES.flatMap((path) => referencesIn(readFileSync(`${ROOT}/${path}`, 'utf8'))));
  const named = Object.values(services).flatMap(({ image = '' }) => (image.startsWith('modelyard/') ? [] : [image]));
  const bases = [...readFileSync(`${ROOT}/Dockerfile`, 'utf8').matchAll(/^ARG \w+_IMAGE=(.+)$/gm)].map(
    ([, base]) => base,
  );

  expect(named.length).toBeGreaterThan(5);
  expect(bases).toHaveLength(2);
  for (const reference of [...named, ...bases]) expect(found).toContain(reference?.replace(/@.*/, ''));
});
