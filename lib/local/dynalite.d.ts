declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** How long tables stay in CREATING. */
    readonly createTableMs?: number;
  }

  /** A server that is not listening yet, its tables in memory. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
