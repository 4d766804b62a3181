/** Seconds, and nanoseconds with the same sign. */
export type Moment = readonly [seconds: number, nanos: number];

const MAX_DURATION_SECONDS = 315_576_000_000;
/** From year 1 to 9999. */
const MIN_TIME_SECONDS = -62_135_596_800;
const MAX_TIME_SECONDS = 253_402_300_799;
const MAX_NANOS = 999_999_999;

const DURATION = /^(-?)([0-9]{1,40})(?:\.([0-9]{1,9}))?s$/;

/** Parses `1.5s`. Undefined for a malformed duration. */
export function parseDuration(text: string): Moment | undefined {
  const [, minus, whole = '', fraction = ''] = DURATION.exec(text) ?? [];
  const seconds = Number(whole);
  if (minus === undefined || seconds > MAX_DURATION_SECONDS) return undefined;
  const sign = minus === '-' ? -1 : 1;
  return [sign * seconds, sign * nanosOf(fraction)];
}

/** Formats a duration as `1.5s`. Undefined if out of range. */
export function formatDuration([seconds, nanos]: Moment): string | undefined {
  const isMixed = seconds !== 0 && nanos !== 0 && seconds < 0 !== nanos < 0;
  if (Math.abs(seconds) > MAX_DURATION_SECONDS || Math.abs(nanos) > MAX_NANOS || isMixed) return undefined;
  return `${seconds < 0 || nanos < 0 ? '-' : ''}${Math.abs(seconds)}${fractionOf(Math.abs(nanos))}s`;
}

const DASH = 0x2d;
const PLUS = 0x2b;
const COLON = 0x3a;
const DOT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;
/** Length of `2026-01-31T12:00:00`. */
const SECONDS_LENGTH = 19;

/** Reads an RFC 3339 timestamp without creating strings. Undefined if malformed or out of range. */
export function readTimestamp(bytes: Uint8Array, start: number, end: number): Moment | undefined {
  if (end - start <= SECONDS_LENGTH || bytes[start + 4] !== DASH || bytes[start + 7] !== DASH) return undefined;
  if (bytes[start + 10] !== LETTER_T || bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return undefined;
  const [century, ofCentury] = [pairAt(bytes, start), pairAt(bytes, start + 2)];
  const [month, day] = [pairAt(bytes, start + 5), pairAt(bytes, start + 8)];
  const [hour, minute, second] = [pairAt(bytes, start + 11), pairAt(bytes, start + 14), pairAt(bytes, start + 17)];
  const year = 100 * century + ofCentury;
  if ((century | ofCentury | month | day | hour | minute | second) < 0) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || !isDay(year, month, day)) return undefined;
  const digits = bytes[start + SECONDS_LENGTH] === DOT ? digitsFrom(bytes, start + SECONDS_LENGTH + 1, end) : -1;
  if (digits === 0 || digits > 9) return undefined;
  const offset = readZone(bytes, start + SECONDS_LENGTH + 1 + digits, end);
  if (offset === undefined) return undefined;
  const seconds = 86_400 * daysUntil(year, month, day) + 3600 * hour + 60 * minute + second - offset;
  if (seconds < MIN_TIME_SECONDS || seconds > MAX_TIME_SECONDS) return undefined;
  let nanos = 0;
  for (let i = 1; i <= 9; i += 1) {
    nanos = 10 * nanos + (i <= digits ? (bytes[start + SECONDS_LENGTH + i] ?? 0) - 0x30 : 0);
  }
  return [seconds, nanos];
}

/** The offset of `Z` or `+01:00`, which end the text, in seconds. */
function readZone(bytes: Uint8Array, at: number, end: number): number | undefined {
  if (bytes[at] === LETTER_Z) return at + 1 === end ? 0 : undefined;
  const sign = bytes[at];
  if ((sign !== PLUS && sign !== DASH) || at + 6 !== end || bytes[at + 3] !== COLON) return undefined;
  const [hours, minutes] = [pairAt(bytes, at + 1), pairAt(bytes, at + 4)];
  if ((hours | minutes) < 0 || hours > 23 || minutes > 59) return undefined;
  return (sign === DASH ? -60 : 60) * (60 * hours + minutes);
}

/** The number of two digits; -1 for other bytes. */
function pairAt(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? 10 * tens + ones : -1;
}

function digitsFrom(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39) at += 1;
  return at - start;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the date exists in the Gregorian calendar. */
export function isDay(year: number, month: number, day: number): boolean {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (DAYS[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0);
}

/** Days since 1970. `Date` takes four times as long. */
function daysUntil(year: number, month: number, day: number): number {
  // Years that start in March have the leap day at their end.
  const marchYear = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return 365 * marchYear + leapDays + dayOfYear - DAYS_BEFORE_1970;
}

/** Days from 1 March of year 0 to 1970. */
const DAYS_BEFORE_1970 = 719_468;

/** Formats an RFC 3339 timestamp. Undefined if out of range. */
export function formatTimestamp([seconds, nanos]: Moment): string | undefined {
  const isInRange = seconds >= MIN_TIME_SECONDS && seconds <= MAX_TIME_SECONDS && nanos >= 0 && nanos <= MAX_NANOS;
  return isInRange ? new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, `${fractionOf(nanos)}Z`) : undefined;
}

const nanosOf = (fraction: string): number => (fraction === '' ? 0 : Number(fraction.padEnd(9, '0')));

/** With three, six or nine digits. */
const fractionOf = (nanos: number): string =>
  nanos === 0
    ? ''
    : `.${String(nanos)
        .padStart(9, '0')
        .replace(/(?:000){1,2}$/, '')}`;
