import type { Gate } from '#test/support/gate.ts';
import type { Member } from './member.ts';
import type { TortureOptions } from './options.ts';

/** The network between one process and one server. */
export interface Route {
  readonly name: string;
  readonly gate: Gate;
}

/** A server that can be taken away without losing what it has confirmed. */
export interface Server {
  readonly name: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A system of processes on one platform, and everything that can be broken about it. */
export interface Fleet {
  readonly gateways: readonly Member[];
  /** Base URLs of the gateways, in their order. */
  readonly urls: readonly string[];
  readonly instances: readonly Member[];
  readonly routes: readonly Route[];
  readonly servers: readonly Server[];
  /** Stops the processes, then the servers. */
  stop(): Promise<void>;
}

export interface FleetOptions extends Pick<TortureOptions, 'gateways' | 'instances'> {
  readonly random: () => number;
  /** File to which every run adds a line. */
  readonly runsFile: string;
}

/** Short enough that leases end during freezes and silences. */
export const LEASE_SECONDS = '5';
