/*
 * Apart from the index of the core: handlers that send no requests would carry this code, because a lazily loaded part of
 * them uses it.
 */
export { isListableAddress, isPublicAddress } from './addresses.ts';
export { isListedHost, judgeAddress, literalAddress, readOutboundUrl } from './outbound-url.ts';
