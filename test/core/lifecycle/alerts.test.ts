import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, isSilencing, judgeWindow, reportInTime } from '#core';

const NOW = Date.UTC(2026, 0, 1);

const judged = (alert: Alert | undefined, window: number, isBad: boolean, resolveAfter = 1) =>
  judgeWindow(alert, { fingerprint: 'f', isBad, reason: 'r', window }, { resolveAfter, now: NOW, isSilenced: false });

describe('an alert', () => {
  it('is begun, reported once, and resolved by enough good windows in a row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (windows, resolveAfter) => {
          let alert: Alert | undefined;
          let good = 0;
          let isFiring = false;
          windows.forEach((isBad, window) => {
            const step = judged(alert, window, isBad, resolveAfter);
            good = isBad ? 0 : good + 1;
            const expected = isBad && !isFiring ? 'firing' : isFiring && good >= resolveAfter ? 'resolved' : undefined;
            if (expected) isFiring = expected === 'firing';

            expect(step.report).toBe(expected);
            expect(step.alert?.state ?? 'resolved').toBe(isFiring ? 'firing' : 'resolved');
            // The same window again, and the one before, change nothing.
            for (const again of [window, window - 1]) {
              const repeated = judged(step.alert, again, isBad, resolveAfter);
              expect([repeated.report, repeated.alert?.state]).toEqual([undefined, step.alert?.state]);
              expect(repeated.alert?.goodWindows).toBe(step.alert?.goodWindows);
            }
            alert = step.alert;
          });
        },
      ),
    );
  });

  it('is not reported while it is silenced, and is afterwards', () => {
    const silenced = judgeWindow(
      undefined,
      { fingerprint: 'f', isBad: true, reason: 'r', window: 1 },
      { resolveAfter: 1, now: NOW, isSilenced: true },
    );
    const alert = silenced.alert as Alert;
    const times = { repeatMs: 1000, now: NOW + 1 };

    expect(silenced.report).toBeUndefined();
    expect(reportInTime(alert, { ...times, isSilenced: true }).report).toBeUndefined();
    expect(reportInTime(alert, { ...times, isSilenced: false })).toMatchObject({
      report: 'firing',
      alert: { reportedAt: NOW + 1 },
    });
    expect(judged(alert, 2, false).report).toBeUndefined();
  });
});

describe('a silence', () => {
  const about = { rule: 'drift', model: 'm', feature: 'age' };
  const silence = { rule: null, model: null, feature: null, startsAt: NOW, endsAt: NOW + 10 };

  it('fits what its fields say, from its start to its end', () => {
    expect(isSilencing(silence, about, NOW)).toBe(true);
    expect(isSilencing({ ...silence, model: 'm', feature: 'age' }, about, NOW + 9)).toBe(true);
    expect(isSilencing({ ...silence, model: 'other' }, about, NOW)).toBe(false);
    expect(isSilencing(silence, about, NOW - 1)).toBe(false);
    expect(isSilencing(silence, about, NOW + 10)).toBe(false);
  });
});
