import type { Writable } from 'node:stream';
import type { Logger } from '#core';
import { createEventLogger, toJsonLine } from '#gateway/json-log.ts';
import type { LogEvent } from '#gateway/log-event.ts';
import { toText } from './log-text.ts';

export interface TerminalOptions {
  readonly output: Writable;
  /** One JSON object per line instead of text for people. */
  readonly json: boolean;
  /** Shows debug events too. @default false */
  readonly debug?: boolean;
}

/** Where everything that happens is told, one line per event. */
export interface Terminal {
  print(source: string, event: LogEvent): void;
  /** A logger whose events appear under this name. */
  logger(source: string): Logger;
  /** Text of several lines for people; programs get the event instead. */
  announce(source: string, event: LogEvent, text: string): void;
}

const FIRST_WIDTH = 'gdp_growth_rate-1'.length;

/** Writes whole lines, each in one call, so that events of different instances never mix. */
export function createTerminal({ output, json, debug = false }: TerminalOptions): Terminal {
  let width = FIRST_WIDTH;
  // Without a reader there is nobody to tell; what that means for the system is decided elsewhere.
  output.on('error', () => undefined);

  const print = (source: string, event: LogEvent) => {
    if (event.level === 'debug' && !debug) return;
    width = Math.max(width, source.length);
    output.write(`${json ? toJsonLine(source, event) : toText(source, event, { width, stream: output })}\n`);
  };
  return {
    print,
    logger: (source) => createEventLogger((event) => print(source, event)),
    announce: (source, event, text) => (json ? print(source, event) : void output.write(`${text}\n`)),
  };
}
