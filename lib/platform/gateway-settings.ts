import { type AuthSettings, authSettingsFrom } from './auth-settings.ts';
import { corsOriginsFrom, ENV, readInteger, readOptional } from './environment.ts';

/** Settings of a gateway process besides those of its platform. */
export interface GatewaySettings extends AuthSettings {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Concurrent requests. More are answered 429. */
  readonly maxRequests: number;
  /** Origins of other servers whose pages may send requests. */
  readonly origins: readonly string[];
}

/** Throws an error that names the malformed variable. */
export function gatewaySettingsFrom(env: NodeJS.ProcessEnv): GatewaySettings {
  const host = readOptional(env, ENV.host) ?? '127.0.0.1';
  return {
    ...authSettingsFrom(env, host),
    host,
    port: readInteger(env, ENV.port, { min: 0, max: 65_535, default: 8000 }),
    maxRequests: readInteger(env, ENV.maxRequests, { min: 1, max: 100_000, default: 5_000 }),
    origins: corsOriginsFrom(env) ?? [],
  };
}
