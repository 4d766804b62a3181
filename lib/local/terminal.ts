import type { Writable } from 'node:stream';
import { type StyleTextOptions, stripVTControlCharacters, styleText } from 'node:util';
import type { Logger } from '#core';
import { createEventLogger, type LogEvent, type LogLevel, toJsonLine } from '#gateway/log-event.ts';
import { createLineOutput } from '#platform/line-output.ts';

export interface TerminalOptions {
  readonly output: Writable;
  /** Writes one JSON object per line instead of text. */
  readonly json: boolean;
  /** Shows debug events. @default false */
  readonly debug?: boolean;
  /** See `createLineOutput`. @default 0 */
  readonly gatherMs?: number;
}

/** Writes all events of the system, one line per event. */
export interface Terminal {
  print(source: string, event: LogEvent): void;
  /** A logger whose events have this source. */
  logger(source: string): Logger;
  /** Writes a text of several lines, or the event in JSON mode. */
  announce(source: string, event: LogEvent, text: string): void;
}

const FIRST_WIDTH = 'gdp_growth_rate-1'.length;

/** Writes complete lines, so that events of different instances are never mixed. */
export function createTerminal({ output, json, debug = false, gatherMs }: TerminalOptions): Terminal {
  const lines = createLineOutput(output, gatherMs);
  let width = FIRST_WIDTH;
  // A closed output is handled by `stopRequests`.
  output.on('error', () => undefined);

  const print = (source: string, event: LogEvent) => {
    if (event.level === 'debug' && !debug) return;
    width = Math.max(width, source.length);
    const line = json ? toJsonLine(source, event) : toText(source, event, { width, stream: output });
    lines.write(line, event.level !== 'info');
  };
  return {
    print,
    logger: (source) => createEventLogger((event) => print(source, event)),
    announce: (source, event, text) => (json ? print(source, event) : lines.write(text, true)),
  };
}

type Colour = 'gray' | 'cyan' | 'yellow' | 'red';

const LEVEL_WORDS: Record<LogLevel, string> = { debug: 'debug', info: '', warn: 'WARN', error: 'ERROR' };
const LEVEL_COLOURS: Partial<Record<LogLevel, Colour>> = { debug: 'gray', warn: 'yellow', error: 'red' };

interface TextLayout {
  /** Width of the source column. */
  readonly width: number;
  /** For the choice of colors: only on a terminal, never with NO_COLOR. */
  readonly stream: NonNullable<StyleTextOptions['stream']>;
}

/** One event as a line of text: local time, source, message, fields. The stack of an error has lines of its own. */
function toText(source: string, event: LogEvent, { width, stream }: TextLayout): string {
  const paint = (colour: Colour | undefined, text: string) =>
    colour && text !== '' ? styleText(colour, text, { stream }) : text;
  const level = LEVEL_WORDS[event.level].padEnd(5);
  const line = [
    paint('gray', timeOfDay(event.time)),
    paint('cyan', source.padEnd(width)),
    paint(LEVEL_COLOURS[event.level], level),
    [onOneLine(event.message), paint('gray', onOneLine(fieldsText(event, source)))]
      .filter((part) => part !== '')
      .join('  '),
  ].join(' ');
  return [line, ...stackOf(event).map((frame) => paint('gray', `    ${frame}`))].join('\n');
}

const MAX_STACK_LINES = 12;
/** Frames that an author of a model cannot change. */
const NOT_OF_THE_MODEL = /node:internal|node_modules|model-containers\/runtime\//;

/** File, line and calls of an error, below its event. */
function stackOf({ level, fields: { error } }: LogEvent): readonly string[] {
  const { name, message, stack } = (error ?? {}) as { name?: unknown; message?: unknown; stack?: unknown };
  if (level !== 'error' || typeof stack !== 'string') return [];
  return stack
    .split('\n')
    .filter((line) => line.trim() !== '' && line !== `${name}: ${message}` && !NOT_OF_THE_MODEL.test(line))
    .slice(0, MAX_STACK_LINES)
    .map(onOneLine);
}

function timeOfDay(time: number): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

/** Omits fields that repeat the source or the message, and stacks, which have lines of their own. */
function fieldsText({ fields, message }: LogEvent, source: string): string {
  const isNews = (value: unknown) =>
    value !== undefined && value !== null && value !== source && valueText(value) !== JSON.stringify(message);
  return Object.entries(fields)
    .filter(([name, value]) => isNews(value) && name !== 'stack')
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value);
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return JSON.stringify(value) ?? String(value);
}

/** Escapes line breaks and control sequences. */
const onOneLine = (text: string): string =>
  stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) => CONTROL[character] ?? hex(character));

const CONTROL: Readonly<Record<string, string>> = { '\t': ' ', '\n': '\\n', '\r': '\\r' };
const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
