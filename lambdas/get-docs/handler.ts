import {
  type CacheableText,
  cacheableAnswer,
  etagOf,
  HASHED_FILE_HEADERS,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  PAGE_HEADERS,
  type ProxyResult,
  readOnce,
} from '#api';
import { ModelyardError } from '#core';
import { pageHtml, readPageFiles } from './page.ts';

type Files = ReadonlyMap<string, CacheableText>;

/** `GET /docs` and `GET /docs/{file}`: the interactive page, without files from other servers. */
export function createHandler(deps: Pick<HandlerDeps, 'logger'>) {
  const files = readOnce(readPageFiles);

  return httpHandler(
    deps,
    async function getDocs(request) {
      return request.route === '/docs' ? pageAnswer(request, await files()) : fileAnswer(request, await files());
    },
    // Browsers send various Accept headers for scripts and styles.
    { produces: '*' },
  );
}

function pageAnswer(request: HttpRequest, files: Files): ProxyResult {
  // Relative to `/docs` or `/docs/`, which gateways treat alike.
  const isFolder = request.path.endsWith('/');
  const body = pageHtml(
    (file) => `${isFolder ? '' : 'docs/'}${file}?v=${versionOf(files.get(file))}`,
    `${isFolder ? '../' : ''}openapi.json`,
  );
  const contentType = 'text/html; charset=utf-8';
  return cacheableAnswer(request, { body, contentType, etag: etagOf(body), headers: PAGE_HEADERS });
}

function fileAnswer(request: HttpRequest, files: Files): ProxyResult {
  const file = files.get(request.param('file'));
  if (!file) throw new ModelyardError('route_not_found', 'The documentation has no such file.');
  const isVersioned = request.query.one('v') === versionOf(file);
  const kept = isVersioned ? HASHED_FILE_HEADERS : PAGE_HEADERS;
  return cacheableAnswer(request, { ...file, headers: kept });
}

const versionOf = (file: CacheableText | undefined): string => file?.etag.replaceAll('"', '') ?? '';
