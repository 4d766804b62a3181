import { isIP } from 'node:net';
import { ModelyardError } from '../errors.ts';
import { isListableAddress, isPublicAddress } from './addresses.ts';

/** Hosts that may be private: names or addresses, each with or without `:port`. */
export type ListedHosts = ReadonlySet<string>;

const MAX_LENGTH = 2048;
const PORTS = new Set(['', '8443']);

/**
 * The URL to which a request may be sent, unless its name resolves to an address that is not public. It has `https:`,
 * port 443 or 8443 and no credentials; a listed host may have `http:` and any port. Throws `invalid_request`.
 */
export function readOutboundUrl(text: string, listed: ListedHosts): URL {
  const url = text.length > MAX_LENGTH ? null : URL.parse(text);
  if (!url) throw refused(`It is not an absolute URL of at most ${MAX_LENGTH} characters.`);
  if (url.username || url.password) throw refused('It must not contain credentials.');
  const isListed = isListedHost(url, listed);
  if (url.protocol !== 'https:' && !(isListed && url.protocol === 'http:'))
    throw refused('It must begin with https://.');
  if (!isListed && !PORTS.has(url.port)) throw refused('Its port must be 443 or 8443.');
  const address = literalAddress(url);
  if (address !== undefined) judgeAddress(address, isListed);
  return url;
}

export const isListedHost = ({ host, hostname }: URL, listed: ListedHosts): boolean =>
  listed.has(hostname) || listed.has(host) || listed.has(hostname.replace(/^\[|\]$/g, ''));

/** The address that stands in the URL instead of a name. Decimal, octal and short forms are already dotted. */
export function literalAddress({ hostname }: URL): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '');
  return isIP(bare) ? bare : undefined;
}

/** Throws `invalid_request` for an address to which no request may go. */
export function judgeAddress(address: string, isListed: boolean): void {
  if (isListed ? isListableAddress(address) : isPublicAddress(address)) return;
  throw refused('Its host is not a public address. An operator can list hosts in MODELYARD_OUTBOUND_HOSTS.');
}

const refused = (why: string) => new ModelyardError('invalid_request', `The URL cannot be called. ${why}`);
