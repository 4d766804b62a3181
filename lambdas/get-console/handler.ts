import {
  cacheableAnswer,
  etagOf,
  HASHED_FILE_HEADERS,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  negotiate,
  PAGE_HEADERS,
  type ProxyResult,
  readOnce,
} from '#api';
import { ModelyardError } from '#core';
import { CompressedFiles } from './compressed-files.ts';
import { type ConsoleFiles, readConsoleFiles } from './files.ts';
import { indexOf } from './index-of-links.ts';
import { consoleHtml } from './page.ts';

type Deps = Pick<HandlerDeps, 'logger' | 'auth' | 'accounts'> & Partial<Pick<HandlerDeps, 'platform'>>;

interface Options {
  /** Compresses for clients that accept it. API Gateway would pass the bytes on as base64. @default false */
  readonly compresses?: boolean;
}

const HTML_TYPE = 'text/html';
/** `GET /`: the console, or an index of links as JSON. `GET /console/{file}`: the files of the console. */
export function createHandler(deps: Deps, { compresses = false }: Options = {}) {
  const compressed = new CompressedFiles();
  const files = readOnce(readConsoleFiles);

  return httpHandler(
    deps,
    async function getConsole(request) {
      if (request.route === '/') return root(request);
      const answer = fileAnswer(request, await files());
      return compresses ? compressed.encode(request, answer) : answer;
    },
    { produces: '*' },
  );

  async function root(request: HttpRequest): Promise<ProxyResult> {
    // JSON first: a program that accepts anything gets the index.
    const type = negotiate(request.headers.list('accept'), [JSON_TYPE, HTML_TYPE]);
    if (type === JSON_TYPE) return json(200, indexOf(deps), { Vary: 'Accept' });
    const body = consoleHtml(await files());
    const headers = { ...PAGE_HEADERS, Vary: 'Accept' };
    return cacheableAnswer(request, { body, contentType: `${HTML_TYPE}; charset=utf-8`, etag: etagOf(body), headers });
  }
}

function fileAnswer(request: HttpRequest, files: ConsoleFiles): ProxyResult {
  const file = files.get(request.param('file'));
  if (!file) throw new ModelyardError('route_not_found', 'The console has no such file.');
  return cacheableAnswer(request, { ...file, headers: HASHED_FILE_HEADERS });
}
