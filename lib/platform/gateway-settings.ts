import { ENV, readInteger, readOptional } from './environment.ts';

/** Settings of a gateway process besides those of its platform. */
export interface GatewaySettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Concurrent requests. More are answered 429. */
  readonly maxRequests: number;
}

/** Throws an error that names the malformed variable. */
export const gatewaySettingsFrom = (env: NodeJS.ProcessEnv): GatewaySettings => ({
  host: readOptional(env, ENV.host) ?? '127.0.0.1',
  port: readInteger(env, ENV.port, { min: 0, max: 65_535, default: 8000 }),
  maxRequests: readInteger(env, ENV.maxRequests, { min: 1, max: 100_000, default: 5_000 }),
});
