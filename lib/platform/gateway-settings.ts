import { ENV, readInteger, readOptional } from './environment.ts';

/** What a gateway process needs to know besides its platform. */
export interface GatewaySettings {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Requests that may be in hand at once; more are turned away with 429. */
  readonly maxRequests: number;
}

/** Throws a sentence naming the variable that is wrong. */
export const gatewaySettingsFrom = (env: NodeJS.ProcessEnv): GatewaySettings => ({
  host: readOptional(env, ENV.host) ?? '127.0.0.1',
  port: readInteger(env, ENV.port, { min: 0, max: 65_535, default: 8000 }),
  maxRequests: readInteger(env, ENV.maxRequests, { min: 1, max: 100_000, default: 5_000 }),
});
