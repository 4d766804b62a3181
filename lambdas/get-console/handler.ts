import {
  cacheableAnswer,
  etagOf,
  type HandlerDeps,
  type HttpRequest,
  httpHandler,
  JSON_TYPE,
  json,
  negotiate,
  type ProxyResult,
} from '#api';
import { ModelyardError } from '#core';
import { CompressedFiles } from './compressed-files.ts';
import { type ConsoleFiles, readConsoleFiles } from './files.ts';
import { indexOf } from './index-of-links.ts';
import { CONTENT_SECURITY_POLICY, consoleHtml } from './page.ts';

type Deps = Pick<HandlerDeps, 'logger' | 'auth' | 'accounts'> & Partial<Pick<HandlerDeps, 'platform'>>;

interface Options {
  /** Compresses for clients that accept it. API Gateway would pass the bytes on as base64. @default false */
  readonly compresses?: boolean;
}

const HTML_TYPE = 'text/html';
const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** For URLs that contain a hash of the content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** `GET /`: the console, or an index of links as JSON. `GET /console/{file}`: the files of the console. */
export function createHandler(deps: Deps, { compresses = false }: Options = {}) {
  let reading: Promise<ConsoleFiles> | undefined;
  const compressed = new CompressedFiles();
  const files = (): Promise<ConsoleFiles> => {
    reading ??= readConsoleFiles().catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };

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
    const headers = { ...SECURITY_HEADERS, Vary: 'Accept' };
    return cacheableAnswer(request, { body, contentType: `${HTML_TYPE}; charset=utf-8`, etag: etagOf(body), headers });
  }
}

function fileAnswer(request: HttpRequest, files: ConsoleFiles): ProxyResult {
  const file = files.get(request.param('file'));
  if (!file) throw new ModelyardError('route_not_found', 'The console has no such file.');
  return cacheableAnswer(request, { ...file, headers: { ...SECURITY_HEADERS, 'Cache-Control': FOR_EVER } });
}
