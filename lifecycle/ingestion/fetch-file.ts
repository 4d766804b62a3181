import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Artifact, ModelyardError } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { type FileFormat, formatOfType } from './file-formats.ts';

/** Of a file that is fetched from a URL, in bytes. */
const MAX_BYTES = 2 * 1024 ** 3;
const TIMEOUT_MS = 15 * 60_000;
const MAX_REDIRECTS = 3;

export interface FetchedFile extends Artifact {
  readonly format: FileFormat;
}

/**
 * Stores the file behind a URL. Its format is the given one, or that of the answer's `Content-Type`. Rejects with
 * `invalid_input` for a URL that cannot be called and for a file that is refused or too large. Rejects with `bad_gateway`
 * or `gateway_timeout`, both retryable, while the server fails.
 */
export async function fetchFile(
  { stores }: Pick<Lifecycle, 'stores'>,
  { url, format }: { readonly url: string; readonly format: FileFormat | undefined },
  signal: AbortSignal,
): Promise<FetchedFile> {
  await mkdir(stores.scratch, { recursive: true, mode: 0o700 });
  const path = join(stores.scratch, `fetched-${randomUUID()}`);
  const request = { url, timeoutMs: TIMEOUT_MS, maxRedirects: MAX_REDIRECTS, signal };
  try {
    const { status, headers } = await stores.outbound.download(request, { path, maxBytes: MAX_BYTES });
    if (status >= 500 || status === 429) {
      throw new ModelyardError('bad_gateway', `The server of the file answered ${status}.`, { retryable: true });
    }
    if (status !== 200) throw refused(`The server of the file answered ${status}.`);
    const type = String(headers['content-type'] ?? '');
    const known = format ?? formatOfType(type);
    if (!known) throw refused('The format of the file is unknown: name it in "format".');
    return { ...(await stores.artifacts.putFile(path)), format: known };
  } catch (error) {
    // Errors that the caller has to fix.
    const isRefused = error instanceof ModelyardError && !error.retryable;
    throw isRefused ? refused(error.message, error) : error;
  } finally {
    await rm(path, { force: true });
  }
}

function refused(message: string, cause?: unknown): ModelyardError {
  return cause instanceof ModelyardError && cause.code === 'invalid_input'
    ? cause
    : new ModelyardError('invalid_input', message, { cause });
}
