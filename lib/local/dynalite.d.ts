declare module 'dynalite' {
  import type { Server } from 'node:http';

  interface DynaliteOptions {
    /** Time that tables stay in CREATING. */
    readonly createTableMs?: number;
  }

  /** A server that does not listen yet. Tables are in memory. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
