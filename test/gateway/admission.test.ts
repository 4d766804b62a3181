import { describe, expect, it } from 'vitest';
import { ROUTES } from '#api';
import type { Logger } from '#core';
import { Admission, type Arrival } from '#gateway/admission.ts';
import { INTERVAL_MS } from '#gateway/delay-limit.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

const arrival = (method: string, path: string, { model = 'a', prefer }: { model?: string; prefer?: string } = {}) => {
  const route = ROUTES.find((each) => each.method === method && each.path === path);
  if (!route) throw new Error(`There is no route ${method} ${path}.`);
  return { route, params: { model }, path: path.replace('{model}', model), prefer } satisfies Arrival;
};
const predictionOf = (model: string) => arrival('POST', '/predict/{model}', { model });

function anAdmission({ maxRequests = 1000, logger = silentLogger }: { maxRequests?: number; logger?: Logger } = {}) {
  const time = { now: 0, turnMs: 0, sinceFirstMs: 0, place: 1 };
  const loop = {
    arrive: () => ({ sinceFirstMs: time.sinceFirstMs, place: time.place }),
    get turnMs() {
      return time.turnMs;
    },
  };
  return { time, admission: new Admission({ maxRequests, logger, now: () => time.now, loop }) };
}

type Entered = ReturnType<Admission['enter']>;
const isRefused = (entered: Entered): boolean => 'refusal' in entered;

/** Requests that all take so long that their group is limited to few. */
function overload({ time, admission }: ReturnType<typeof anAdmission>, arrivals: readonly Arrival[]): void {
  const entered = arrivals.map((each) => admission.enter(each));
  for (const each of entered) if ('admitted' in each) each.admitted.begin();
  time.now += 10 * INTERVAL_MS;
  for (const each of entered) {
    if (!('admitted' in each)) continue;
    each.admitted.ran(0);
    each.admitted.leave();
  }
}

describe('admission', () => {
  it('limits predictions of a slow model, and nothing else', () => {
    const setup = anAdmission();
    const { admission } = setup;
    overload(
      setup,
      Array.from({ length: 50 }, () => predictionOf('slow')),
    );

    const predictions = Array.from({ length: 10 }, () => admission.enter(predictionOf('slow')));
    const others = [
      predictionOf('quick'),
      arrival('POST', '/models/{model}/tasks', { model: 'slow' }),
      arrival('GET', '/tasks/{id}'),
      arrival('GET', '/tasks/{id}', { prefer: 'wait=20' }),
      arrival('GET', '/healthz'),
    ].map((each) => admission.enter(each));

    expect(predictions.filter(isRefused).length).toBeGreaterThan(5);
    expect(others.filter(isRefused)).toEqual([]);
  });

  it('refuses with a problem, and with the delay as the time to wait', () => {
    const setup = anAdmission();
    overload(
      setup,
      Array.from({ length: 50 }, () => predictionOf('slow')),
    );

    const entered = Array.from({ length: 10 }, () => setup.admission.enter(predictionOf('slow'))).find(isRefused);

    expect(entered).toMatchObject({
      refusal: { statusCode: 429, headers: { 'Content-Type': 'application/problem+json', 'Retry-After': '5' } },
    });
    expect(JSON.parse(entered && 'refusal' in entered ? entered.refusal.body : '')).toEqual({
      type: '/problems/too-many-requests',
      title: 'Too many requests',
      status: 429,
      detail: 'Too many predictions of slow are in progress. Retry later.',
      instance: '/predict/slow',
    });
  });

  it('limits what does not wait for a model by the turns of the event loop', () => {
    const setup = anAdmission();
    setup.time.turnMs = 400;
    const read = arrival('GET', '/tasks/{id}');
    overload(
      setup,
      Array.from({ length: 50 }, () => read),
    );

    expect(Array.from({ length: 30 }, () => setup.admission.enter(read)).filter(isRefused).length).toBeGreaterThan(15);
  });

  it('does not take a slow upload for a delay', () => {
    const { time, admission } = anAdmission();
    const uploads = Array.from({ length: 20 }, () => admission.enter(predictionOf('a')));
    time.now += 60_000;
    for (const each of uploads) {
      if (!('admitted' in each)) continue;
      each.admitted.begin();
      each.admitted.ran(0);
      each.admitted.leave();
    }

    expect(Array.from({ length: 20 }, () => admission.enter(predictionOf('a'))).filter(isRefused)).toEqual([]);
  });

  it('lets batches in while others wait for places in a backlog', () => {
    const setup = anAdmission();
    const { time, admission } = setup;
    time.turnMs = 400;
    const batch = (prefer?: string) => arrival('POST', '/models/{model}/batches', prefer ? { prefer } : {});
    overload(
      setup,
      Array.from({ length: 50 }, () => batch()),
    );
    const waiting = Array.from({ length: 30 }, () => admission.enter(batch('wait=20')));

    const batches = Array.from({ length: 30 }, () => admission.enter(batch()));

    expect(waiting.filter(isRefused)).toEqual([]);
    expect(batches.filter(isRefused).length).toBeGreaterThan(15);
    expect(batches[0] && isRefused(batches[0])).toBe(false);
  });

  it('learns nothing from who has gone or waited for an unknown time', () => {
    const { time, admission } = anAdmission();
    const entered = Array.from({ length: 20 }, () => admission.enter(predictionOf('a')));
    time.now += 60_000;
    entered.forEach((each, index) => {
      if (!('admitted' in each)) return;
      if (index % 2 === 0) each.admitted.begin();
      each.admitted.leave();
    });

    expect(Array.from({ length: 20 }, () => admission.enter(predictionOf('a'))).filter(isRefused)).toEqual([]);
  });

  it('lets in no more than its maximum altogether, but operators always', () => {
    const { admission } = anAdmission({ maxRequests: 2 });
    const models = ['a', 'b', 'c'].map((model) => admission.enter(predictionOf(model)));
    const operators = [
      arrival('GET', '/healthz'),
      arrival('GET', '/metrics'),
      arrival('POST', '/models/{model}/instances'),
      arrival('DELETE', '/models/{model}/instances/{id}'),
    ].map((each) => admission.enter(each));

    expect(models.map(isRefused)).toEqual([false, false, true]);
    expect(operators.map(isRefused)).toEqual([false, false, false, false]);
  });

  it('lets nothing in at the end of a long turn of the event loop, but operators', () => {
    const { time, admission } = anAdmission();

    const entered = [
      [65, 0],
      [66, 200],
      [67, 300],
      [68, 400],
    ].map(([place = 0, sinceFirstMs = 0]) => {
      Object.assign(time, { place, sinceFirstMs });
      return admission.enter(predictionOf('a'));
    });
    const health = admission.enter(arrival('GET', '/healthz'));

    expect(entered.map(isRefused)).toEqual([false, false, true, true]);
    expect(isRefused(health)).toBe(false);
  });

  it('lets the first requests of a turn in, however slow a cold process is with them', () => {
    const { time, admission } = anAdmission();

    const entered = [1, 32, 64, 65].map((place) => {
      Object.assign(time, { place, sinceFirstMs: 2000 });
      return admission.enter(predictionOf('a'));
    });

    expect(entered.map(isRefused)).toEqual([false, false, false, true]);
  });

  it('writes one line for the refusals of ten seconds', () => {
    const lines: unknown[] = [];
    const logger = { ...silentLogger, warn: (_: string, fields?: object) => lines.push(fields) };
    const { time, admission } = anAdmission({ maxRequests: 1, logger });
    admission.enter(predictionOf('a'));

    for (let ms = 0; ms < 30_000; ms += 10) {
      time.now = ms;
      admission.enter(predictionOf('a'));
    }

    expect(lines).toMatchObject([{ refused: 1 }, { refused: 1000 }, { refused: 1000 }]);
  });

  it('forgets idle models whose names callers make up', () => {
    const { admission } = anAdmission();

    const entered = Array.from({ length: 5000 }, (_, index) => {
      const each = admission.enter(predictionOf(`model_${index}`));
      if ('admitted' in each) each.admitted.leave();
      return each;
    });

    expect(entered.filter(isRefused)).toEqual([]);
  });
});
