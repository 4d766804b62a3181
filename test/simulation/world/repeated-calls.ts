import type { SimClock } from '../engine/sim-clock.ts';
import type { Gateway, GatewayPorts } from './gateways.ts';
import type { ClientPlan } from './scenario.ts';
import type { World } from './world.ts';

const PAUSE_MS = 3_000;
const MAX_TRIES = 20;

/** What a caller needs to ask for more than single tasks. */
export interface CallerDeps {
  readonly world: World;
  readonly plan: ClientPlan;
  readonly clock: SimClock;
  /** Calls a gateway. */
  readonly call: <T>(name: string, serve: (gateway: Gateway) => Promise<T>, about: string) => Promise<T>;
}

/** Repeats a call for a while. Undefined if no answer came. */
export async function untilDone<T>(
  { call, clock }: Pick<CallerDeps, 'call' | 'clock'>,
  name: string,
  about: string,
  serve: (ports: GatewayPorts) => Promise<T>,
): Promise<T | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      return await call(name, (gateway) => gateway.answer(`A ${name}`, 0, serve), about);
    } catch {
      await clock.sleep(PAUSE_MS);
    }
  }
  return undefined;
}
