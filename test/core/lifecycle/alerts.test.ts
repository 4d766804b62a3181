import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, isSilencing, judgeWindow, reportInTime, resolveWithoutWindows } from '#core';

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

  it('keeps its beginning while it goes on, and begins anew after it was resolved', () => {
    const at = (now: number) => ({ resolveAfter: 1, now, isSilenced: false });
    const window = { fingerprint: 'f', isBad: true, reason: 'r' };
    const begun = judgeWindow(undefined, { ...window, window: 1, windowMs: 60_000 }, at(NOW)).alert;
    const worse = judgeWindow(begun, { ...window, window: 2, reason: 'worse' }, at(NOW + 5)).alert;
    const over = judgeWindow(worse, { ...window, window: 3, isBad: false }, at(NOW + 6)).alert;
    const again = judgeWindow(over, { ...window, window: 3 }, at(NOW + 7)).alert;

    expect(begun).toEqual({
      ...{ fingerprint: 'f', state: 'firing', reason: 'r', startedAt: NOW, episode: 1, resolvedAt: null },
      ...{ window: 1, goodWindows: 0, reportedAt: NOW, judgedAt: NOW, windowMs: 60_000 },
    });
    expect(worse).toEqual({ ...begun, window: 2, reason: 'worse', judgedAt: NOW + 5 });
    expect(over).toEqual({
      ...worse,
      state: 'resolved',
      window: 3,
      goodWindows: 1,
      resolvedAt: NOW + 6,
      judgedAt: NOW + 6,
    });
    expect(again).toMatchObject({ state: 'firing', startedAt: NOW + 7, episode: 2, resolvedAt: null });
    expect(again).not.toHaveProperty('windowMs');
  });

  it('is unknown while all windows are good, and counts each good window once', () => {
    expect(judged(undefined, 1, false)).toEqual({ alert: undefined });
    const begun = judged(undefined, 1, true).alert;
    const good = judged(begun, 2, false, 3).alert;

    expect(good?.goodWindows).toBe(1);
    expect(judged(good, 2, false, 3)).toEqual({ alert: good });
    expect(judged(good, 1, true, 3)).toEqual({ alert: good });
    // The window that began it was judged again.
    expect(judged(begun, 1, false, 3).alert?.goodWindows).toBe(1);
    expect(judged(judged(good, 3, false, 2).alert, 4, false).alert).toMatchObject({ state: 'resolved', window: 4 });
  });

  it('is repeated after its pause, once', () => {
    const alert = judged(undefined, 1, true).alert as Alert;
    const at = (now: number, isSilenced = false) => reportInTime(alert, { repeatMs: 1000, now, isSilenced });

    expect(at(NOW + 999)).toEqual({ alert });
    expect(at(NOW + 1000)).toEqual({ alert: { ...alert, reportedAt: NOW + 1000 }, report: 'firing' });
    expect(at(NOW + 1000, true)).toEqual({ alert });
    const resolved = { ...alert, state: 'resolved' } as const;
    expect(reportInTime(resolved, { repeatMs: 1000, now: NOW + 5000, isSilenced: false })).toEqual({ alert: resolved });
  });

  it.each([
    ['short windows', { windowMs: 60_000 }, 1, 15],
    ['windows of ten minutes', { windowMs: 600_000 }, 2, 40],
    ['windows of unknown length', {}, 1, 180],
  ])('of %s is resolved when they have ended', (_, length, resolveAfter, minutes) => {
    const window = { fingerprint: 'f', isBad: true, reason: 'It drifted.', window: 1, ...length };
    const alert = judgeWindow(undefined, window, { resolveAfter, now: NOW, isSilenced: false }).alert as Alert;
    const now = NOW + minutes * 60_000;

    expect(resolveWithoutWindows(alert, { resolveAfter, now: now - 1 })).toEqual({ alert });
    expect(resolveWithoutWindows(alert, { resolveAfter, now })).toEqual({
      report: 'resolved',
      alert: {
        ...alert,
        ...{ state: 'resolved', resolvedAt: now, reason: 'It drifted. There are no more windows to judge.' },
      },
    });
    const { judgedAt: _judged, ...unjudged } = alert;
    expect(resolveWithoutWindows(unjudged, { resolveAfter, now }).report).toBe('resolved');
    const resolved = { ...alert, state: 'resolved' } as const;
    expect(resolveWithoutWindows(resolved, { resolveAfter, now })).toEqual({ alert: resolved });
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
    expect(judged(alert, 2, false)).not.toHaveProperty('report');
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
