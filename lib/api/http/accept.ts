import { ModelyardError } from '#core';
import { type ListMember, parseMembers } from './http-syntax.ts';

const MEDIA_RANGE = /^([!#$%&'*+.^_`|~\w-]+)\/([!#$%&'*+.^_`|~\w-]+)$/;
/** RFC 9110, and also `.2` and `1.`, which old clients send. */
const QUALITY = /^(?:[01](?:\.\d*)?|\.\d+)$/;

interface MediaRange {
  readonly type: string;
  readonly subtype: string;
  readonly quality: number;
}

/**
 * The offered type with the highest quality (RFC 9110, section 12.5.1); the first one of equal quality. Undefined when
 * all are excluded. Ignores parameters other than `q` and malformed members.
 */
export function preferredType<T extends string>(accept: string | undefined, offers: readonly T[]): T | undefined {
  if (accept === undefined || accept.trim() === '') return offers[0];
  const ranges = parseMembers(accept).flatMap(toRange);
  let best: { readonly offer: T; readonly quality: number } | undefined;
  for (const offer of offers) {
    const quality = qualityOf(offer, ranges);
    if (quality > (best?.quality ?? 0)) best = { offer, quality };
  }
  return best?.offer;
}

/** Like `preferredType`, but throws `not_acceptable` with the offered types. */
export function negotiate<T extends string>(accept: string | undefined, offers: readonly T[]): T {
  const type = preferredType(accept, offers);
  if (type === undefined) {
    throw new ModelyardError('not_acceptable', `This answer is only available as ${offers.join(' or ')}.`);
  }
  return type;
}

function toRange({ value, parameters }: ListMember): MediaRange[] {
  // Java's HttpURLConnection sends a lone `*`.
  const [, type, subtype] = MEDIA_RANGE.exec(value === '*' ? '*/*' : value.toLowerCase()) ?? [];
  const quality = parameters.get('q') ?? '1';
  if (!type || !subtype || (type === '*' && subtype !== '*') || !QUALITY.test(quality)) return [];
  return [{ type, subtype, quality: Math.min(1, Number(quality)) }];
}

/** The quality of the most specific matching range; 0 without a match. */
function qualityOf(offer: string, ranges: readonly MediaRange[]): number {
  const [type, subtype] = offer.split('/');
  const levels: ((range: MediaRange) => boolean)[] = [
    (range) => range.type === type && range.subtype === subtype,
    (range) => range.type === type && range.subtype === '*',
    (range) => range.type === '*',
  ];
  for (const matches of levels) {
    const matching = ranges.filter(matches);
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality));
  }
  return 0;
}
