import {
  type CacheableText,
  cacheableAnswer,
  etagOf,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  type ProxyResult,
} from '#api';
import { ModelyardError } from '#core';
import { CONTENT_SECURITY_POLICY, pageHtml, readPageFiles } from './page.ts';

type Files = ReadonlyMap<string, CacheableText>;

const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** For URLs that contain a hash of the content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** `GET /docs` and `GET /docs/{file}`: the interactive page, without files from other servers. */
export function createHandler(deps: Pick<HandlerDeps, 'logger'>) {
  let reading: Promise<Files> | undefined;
  const files = (): Promise<Files> => {
    reading ??= readPageFiles().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };

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
  return cacheableAnswer(request, { body, contentType, etag: etagOf(body), headers: SECURITY_HEADERS });
}

function fileAnswer(request: HttpRequest, files: Files): ProxyResult {
  const file = files.get(request.param('file'));
  if (!file) throw new ModelyardError('route_not_found', 'The documentation has no such file.');
  const isVersioned = request.query.one('v') === versionOf(file);
  const kept = isVersioned ? { ...SECURITY_HEADERS, 'Cache-Control': FOR_EVER } : SECURITY_HEADERS;
  return cacheableAnswer(request, { ...file, headers: kept });
}

const versionOf = (file: CacheableText | undefined): string => file?.etag.replaceAll('"', '') ?? '';
