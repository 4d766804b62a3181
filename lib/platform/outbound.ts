import { OutboundHttp } from '#adapters/outbound/outbound-http.ts';
import type { ListedHosts, Outbound } from '#core';
import { ENV, listedIn } from './environment.ts';

/** Hosts that requests may reach although they are private. */
export const outboundHostsFrom = (env: NodeJS.ProcessEnv): ListedHosts => listedIn(env, ENV.outboundHosts);

/** Sends requests to the Internet, and to the hosts that the environment lists. */
export const outboundFrom = (env: NodeJS.ProcessEnv): Outbound => new OutboundHttp({ listed: outboundHostsFrom(env) });
