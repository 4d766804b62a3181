import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import type { HttpRequest, ProxyResult } from '#api';

const compress = promisify(brotliCompress);

/** Files that were compressed once, by entity tag. */
export class CompressedFiles {
  readonly #bodies = new Map<string, Promise<string>>();

  /** The answer with Brotli, if the client accepts it. */
  async encode(request: HttpRequest, answer: ProxyResult): Promise<ProxyResult> {
    const headers = { ...answer.headers, Vary: 'Accept-Encoding' };
    const accepts = /\bbr\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(request.headers.list('accept-encoding') ?? '');
    if (!accepts || answer.statusCode !== 200) return { ...answer, headers };
    const body = await this.#body(String(answer.headers?.ETag), answer.body);
    return { ...answer, headers: { ...headers, 'Content-Encoding': 'br' }, body, isBase64Encoded: true };
  }

  #body(etag: string, text: string): Promise<string> {
    const known = this.#bodies.get(etag);
    if (known) return known;
    const body = compress(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).then((bytes) =>
      bytes.toString('base64'),
    );
    this.#bodies.set(etag, body);
    return body;
  }
}
