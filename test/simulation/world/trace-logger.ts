import type { Logger } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { World } from './world.ts';

/** Logs of an actor, as lines of the trace. */
export function traceLogger(world: World, actor: Actor): Logger {
  const log = (message: string, fields?: object) =>
    world.trace(actor, () => `logs "${message}"${fields && 'reason' in fields ? ` ${fields.reason}` : ''}`);
  return { debug: log, info: log, warn: log, error: log };
}
