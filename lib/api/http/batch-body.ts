import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Contract } from '#contract';
import { type BatchItem, MAX_BATCH_ITEMS, ModelyardError } from '#core';
import type { HeaderFields } from './headers.ts';
import { bodyType, JSON_TYPE, NDJSON_TYPE } from './negotiation.ts';
import type { Transcoder } from './transcoder.ts';

/** How long requests are encoded without a pause for other requests, in milliseconds. */
const TURN_MS = 10;

const [OPEN, CLOSE, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [QUOTE, BACKSLASH, COMMA, LINE_FEED] = [0x22, 0x5c, 0x2c, 0x0a];

/**
 * The requests in a body as JSON texts: the elements of an array, or the lines of NDJSON that are not blank. Throws
 * `unreadable_body`, `unsupported_media_type`, and `invalid_input` for no requests or too many.
 */
export function splitBatch(headers: HeaderFields, body: Uint8Array): readonly Uint8Array[] {
  const items = isNdjson(headers) ? linesOf(body) : elementsOf(body);
  if (items.length > 0 && items.length <= MAX_BATCH_ITEMS) return items;
  const message = `A batch has 1 to ${MAX_BATCH_ITEMS} requests.`;
  throw new ModelyardError('invalid_input', message, { errors: [{ pointer: '', message }] });
}

function isNdjson(headers: HeaderFields): boolean {
  const [type = ''] = (headers.list('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() === NDJSON_TYPE) return true;
  if (bodyType(headers) === JSON_TYPE) return false;
  throw new ModelyardError('unsupported_media_type', `A batch must be ${JSON_TYPE} or ${NDJSON_TYPE}.`);
}

function linesOf(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  while (from < body.length && lines.length <= MAX_BATCH_ITEMS) {
    const end = body.indexOf(LINE_FEED, from);
    const line = trimmed(body.subarray(from, end < 0 ? body.length : end));
    if (line.length > 0) lines.push(line);
    from = end < 0 ? body.length : end + 1;
  }
  return lines;
}

/** Finds the ends of the elements. Their content is parsed later, element by element. */
function elementsOf(body: Uint8Array): Uint8Array[] {
  const text = trimmed(body);
  if (text[0] !== OPEN || text.at(-1) !== CLOSE) throw notAnArray();
  const elements: Uint8Array[] = [];
  let depth = 0;
  let from = 1;
  for (let at = 0; at < text.length && elements.length <= MAX_BATCH_ITEMS; at++) {
    const byte = text[at];
    if (byte === QUOTE) at = endOfString(text, at);
    else if (byte === OPEN || byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_BRACE) depth -= 1;
    const isEnd = depth === 0;
    if (isEnd && at !== text.length - 1) throw notAnArray();
    if (!isEnd && !(depth === 1 && byte === COMMA)) continue;
    const element = trimmed(text.subarray(from, at));
    if (element.length > 0) elements.push(element);
    else if (!isEnd || elements.length > 0) throw notAnArray();
    from = at + 1;
  }
  if (depth !== 0 && elements.length <= MAX_BATCH_ITEMS) throw notAnArray();
  return elements;
}

/** The position of the closing quote. */
function endOfString(text: Uint8Array, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === BACKSLASH) at += 1;
    else if (text[at] === QUOTE) return at;
  }
  throw notAnArray();
}

const notAnArray = (): ModelyardError => new ModelyardError('unreadable_body', 'The body is not a JSON array.');

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/** Without blanks at both ends, and without a byte order mark. */
function trimmed(text: Uint8Array): Uint8Array {
  let from = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0;
  let to = text.length;
  while (from < to && isBlank(text[from])) from += 1;
  while (to > from && isBlank(text[to - 1])) to -= 1;
  return text.subarray(from, to);
}

/**
 * Encodes each request. The pointers in a refusal begin with the index. Rejects with errors that do not belong to one
 * request.
 */
export async function encodeItems(
  transcoder: Transcoder,
  contract: Contract,
  texts: readonly Uint8Array[],
): Promise<readonly BatchItem[]> {
  const items: BatchItem[] = [];
  let startedAt = performance.now();
  for (const [index, text] of texts.entries()) {
    items.push(await transcoder.encodeRequest(contract, JSON_TYPE, text).then(asRequest, refusalOf(index)));
    if (performance.now() - startedAt < TURN_MS) continue;
    await nextTurn();
    startedAt = performance.now();
  }
  return items;
}

const asRequest = (request: Uint8Array): BatchItem => ({ request });

const refusalOf =
  (index: number) =>
  (error: unknown): BatchItem => {
    if (!(error instanceof ModelyardError)) throw error;
    const errors = error.errors.map((each) => ({ ...each, pointer: `/${index}${each.pointer}` }));
    return { error: new ModelyardError(error.code, error.message, { errors }) };
  };
