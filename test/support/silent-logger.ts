import { inspect } from 'node:util';
import type { Logger } from '#core';

type Listener = (line: string) => void;

let listener: Listener | undefined;

/** Prints nothing. */
export const silentLogger: Logger = { debug: note, info: note, warn: note, error: note };

/** Gives every line that is not printed to a listener. */
export function listenToSilence(listen: Listener): void {
  listener = listen;
}

/** Errors with their stack, their cause and their fields, as no log shows more. */
function note(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  listener?.(`${message} ${inspect(fields, { depth: 6 })}\n`);
}
