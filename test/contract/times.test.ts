import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatTimestamp, parseDuration, readTimestamp } from '#contract/json/times.ts';

/** Between other bytes, which do not belong to it. */
function parseTimestamp(text: string) {
  const bytes = Buffer.from(`0${text}0`);
  return readTimestamp(bytes, 1, bytes.length - 1);
}

describe('a timestamp', () => {
  it('is read and written as Date does', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59.999Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(dates, (date) => {
        const seconds = Math.floor(date.getTime() / 1000);
        const nanos = (date.getTime() - seconds * 1000) * 1e6;

        expect(parseTimestamp(date.toISOString())).toEqual([seconds, nanos]);
        expect(Date.parse(formatTimestamp([seconds, nanos]) ?? '')).toBe(date.getTime());
      }),
      { numRuns: 2000 },
    );
  });

  it('may be in any zone', () => {
    const zones = fc.tuple(fc.constantFrom('+', '-'), fc.nat(23), fc.nat(59));
    fc.assert(
      fc.property(zones, ([sign, hours, minutes]) => {
        const zone = `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        const text = `2026-03-01T00:30:00${zone}`;

        expect(parseTimestamp(text)).toEqual([Date.parse(text) / 1000, 0]);
      }),
    );
  });

  it.each([
    ...['2026-02-29T00:00:00Z', '2100-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-00-01T00:00:00Z'],
    ...['2026-13-01T00:00:00Z', '2026-01-00T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z'],
    ...['', '2', '2026-01-01T00:00:00', '2026-01-01T00:00:00.', '2026-01-01T00:00:00+', '2026-01-01T00:00:00+01:0'],
    ...['202a-01-01T00:00:00Z', '2026-1a-01T00:00:00Z', '2026-01-01T00:00:0/Z', '2026-01-01T00:00:00+01:60'],
    ...['2026-01-01T00:00:00ZZ', '2026-01-01T00:00:00+01:000', '2026-01-01T00:00:00.123', '2026-01-01T00:60:00Z'],
    ...['2026/01-01T00:00:00Z', '2026-01/01T00:00:00Z', '2026-01-01T00-00:00Z', '2026-01-01T00:00-00Z'],
    ...['2026-01-01T00:00:00', '2026-01-01 00:00:00Z', '2026-01-01T00:00:00.Z', '2026-01-01T00:00:00.1234567890Z'],
    ...['0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59-00:01', '0000-12-31T00:00:00Z', '2026-01-01T00:00:00+24:00'],
  ])('is none when it is %s', (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  it.each([
    ['2000-02-29T00:00:00Z', 951_782_400, 0],
    ['0001-01-01T00:00:00Z', -62_135_596_800, 0],
    ['9999-12-31T23:59:59.999999999Z', 253_402_300_799, 999_999_999],
    ['1969-12-31T23:59:59.5Z', -1, 500_000_000],
  ])('is exact at %s', (text, seconds, nanos) => {
    expect(parseTimestamp(text)).toEqual([seconds, nanos]);
  });

  it.each([
    [253_402_300_800, 0],
    [0, -1],
    [0, 1_000_000_000],
  ])('has no form for %i s and %i ns', (seconds, nanos) => {
    expect(formatTimestamp([seconds, nanos])).toBeUndefined();
  });

  it('has three, six or nine digits behind the point, or none', () => {
    expect([0, 500_000_000, 1_000, 1].map((nanos) => formatTimestamp([0, nanos]))).toEqual([
      '1970-01-01T00:00:00Z',
      '1970-01-01T00:00:00.500Z',
      '1970-01-01T00:00:00.000001Z',
      '1970-01-01T00:00:00.000000001Z',
    ]);
  });
});

describe('a duration', () => {
  it('is read as it is written', () => {
    const parts = fc.tuple(fc.integer({ min: 0, max: 315_576_000_000 }), fc.nat(999_999_999), fc.constantFrom(1, -1));
    fc.assert(
      fc.property(parts, ([seconds, nanos, sign]) => {
        const [read = 0, fraction = 0] = parseDuration(formatDuration([sign * seconds, sign * nanos]) ?? '') ?? [];

        expect([read + 0, fraction + 0]).toEqual([sign * seconds + 0, sign * nanos + 0]);
      }),
    );
  });

  it.each(['', 's', '5', '1.s', '.5s', '1.0000000000s', '+1s', '315576000001s', '1 s', '--1s'])(
    'is none when it is %j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it.each([
    [1, -1],
    [-1, 1],
    [315_576_000_001, 0],
    [0, 1_000_000_000],
  ])('has no form for %i s and %i ns', (seconds, nanos) => {
    expect(formatDuration([seconds, nanos])).toBeUndefined();
  });
});
