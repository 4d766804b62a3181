import { OutboundHttp } from '#adapters/outbound/outbound-http.ts';
import type { Outbound } from '#core';
import { ENV, readOptional } from './environment.ts';

/** Sends requests to the Internet, and to the hosts that the environment lists. */
export const outboundFrom = (env: NodeJS.ProcessEnv): Outbound =>
  new OutboundHttp({ listed: new Set(readOptional(env, ENV.outboundHosts)?.split(' ')) });
