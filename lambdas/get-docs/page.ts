import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, extname } from 'node:path';
import { type CacheableText, etagOf } from '#api';
import packageFiles from './files.json' with { type: 'json' };

const START_FILE = 'start.js';

/**
 * Starts Swagger UI. All URLs are relative, so the page works below any path. Every error is a problem, whose schema
 * stands once at the end of the page: a sample per error would make an operation ten screens long.
 */
const START_SCRIPT = `const root = document.getElementById('swagger-ui');
const ShortErrors = () => ({
  wrapComponents: {
    response: (Response, { React, getComponent }) => (props) => {
      if (Number(props.code) < 400) return React.createElement(Response, props);
      const Markdown = getComponent('Markdown', true);
      return React.createElement(
        'tr',
        { className: 'response', 'data-code': props.code },
        React.createElement('td', { className: 'response-col_status' }, props.code),
        React.createElement(
          'td',
          { className: 'response-col_description', colSpan: 2 },
          React.createElement(Markdown, { source: props.response.get('description') }),
        ),
      );
    },
  },
});
SwaggerUIBundle({
  plugins: [ShortErrors],
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  domNode: root,
  url: new URL(root.dataset.openapi, location.href).href,
  deepLinking: true,
  displayRequestDuration: true,
  supportedSubmitMethods: ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'],
  fileUploadMediaTypes: ['application/x-protobuf', 'application/octet-stream'],
  validatorUrl: null,
});
`;

/** The HTML of the page. `addressOf` returns the relative URL of a file. */
export const pageHtml = (addressOf: (file: string) => string, openApiAddress: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Modelyard API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${addressOf('swagger-ui.css')}">
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
  const files = new Map([...(await Promise.all(read)), [START_FILE, START_SCRIPT] as const]);
  return new Map([...files].map(([name, body]) => [name, cacheable(name, body)]));
}

const cacheable = (name: string, body: string): CacheableText => ({
  body,
  contentType: TYPES[extname(name)] ?? 'application/octet-stream',
  etag: etagOf(body),
});
