import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { type CacheableText, etagOf } from '#api';
import { STYLE } from './accessible-style.ts';
import packageFiles from './files.json' with { type: 'json' };
import { START_SCRIPT } from './start-script.ts';

const START_FILE = 'start.js';
const STYLE_FILE = 'accessible.css';

/** The HTML of the page. `addressOf` returns the relative URL of a file. */
export const pageHtml = (addressOf: (file: string) => string, openApiAddress: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Modelyard API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${addressOf('swagger-ui.css')}">
    <link rel="stylesheet" href="${addressOf(STYLE_FILE)}">
  </head>
  <body>
    <div id="swagger-ui" data-openapi="${openApiAddress}"></div>
    <noscript>This page needs JavaScript. What it shows is in <a href="${openApiAddress}">openapi.json</a>.</noscript>
    <script src="${addressOf('swagger-ui-bundle.js')}"></script>
    <script src="${addressOf(START_FILE)}"></script>
  </body>
</html>
`;

// Package files in the handler's bundle.

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** The files of the page by name, read at first use. Rejects when a file is missing. */
export async function readPageFiles(): Promise<ReadonlyMap<string, CacheableText>> {
  const { resolve } = createRequire(import.meta.url);
  const read = packageFiles.map(async (path): Promise<readonly [string, string]> => {
    const text = await readFile(resolve(path), 'utf8');
    // Source maps are not served, so browsers must not request them.
    return [basename(path), text.replace(/\n(?:\/\/|\/\*)# sourceMappingURL=.*$/, '')];
  });
  const files = new Map([
    ...(await Promise.all(read)),
    [START_FILE, START_SCRIPT] as const,
    [STYLE_FILE, STYLE] as const,
  ]);
  return new Map([...files].map(([name, body]) => [name, cacheable(name, body)]));
}

const cacheable = (name: string, body: string): CacheableText => ({
  body,
  contentType: TYPES[extname(name)] ?? 'application/octet-stream',
  etag: etagOf(body),
});
