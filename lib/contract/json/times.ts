/** Seconds, and nanoseconds with the same sign. */
export type Moment = readonly [seconds: number, nanos: number];

const MAX_DURATION_SECONDS = 315_576_000_000;
/** From year 1 to 9999. */
const MIN_TIME_SECONDS = -62_135_596_800;
const MAX_TIME_SECONDS = 253_402_300_799;
const MAX_NANOS = 999_999_999;

const DURATION = /^(-?)([0-9]{1,40})(?:\.([0-9]{1,9}))?s$/;
const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):([0-5]\d))$/;

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

/** Parses an RFC 3339 timestamp. Undefined if malformed or out of range. */
export function parseTimestamp(text: string): Moment | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHour = 0, zoneMinute = 0] = match;
  if (Number(hour) > 23 || Number(zoneHour) > 23 || !isDay(Number(year), Number(month), Number(day))) return undefined;
  const offset = (sign === '-' ? -60 : 60) * (60 * Number(zoneHour) + Number(zoneMinute));
  const ofDay = 3600 * Number(hour) + 60 * Number(minute) + Number(second);
  const seconds = 86_400 * daysUntil(Number(year), Number(month), Number(day)) + ofDay - offset;
  return seconds >= MIN_TIME_SECONDS && seconds <= MAX_TIME_SECONDS ? [seconds, nanosOf(fraction)] : undefined;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the date exists in the Gregorian calendar. */
function isDay(year: number, month: number, day: number): boolean {
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
