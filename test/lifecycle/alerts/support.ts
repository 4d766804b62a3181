import type { AlertChannel, JsonObject } from '#core';
import { alerts } from '#lifecycle/alerts/service.ts';
import { alertsDatabase } from '#lifecycle/alerts/tables.ts';
import type { Lifecycle } from '#lifecycle/lifecycle.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import type { TestLifecycle } from '../support.ts';

export const FEATURES = ['age', 'income', 'height'];

/** The service alerts with one rule, on a clock that the test moves. */
export async function alertsOn(
  lifecycles: TestLifecycle,
  channels: readonly (AlertChannel | undefined)[],
  { rule = {}, environment = {} }: { readonly rule?: JsonObject; readonly environment?: NodeJS.ProcessEnv } = {},
) {
  const clock = new ManualClock();
  const opened = await lifecycles.open(environment);
  const lifecycle: Lifecycle = { ...opened, platform: { ...opened.platform, clock } };
  const { query } = await alertsDatabase(lifecycle);
  const defaults = { name: 'drift', kind: 'drift', resolve_after: 1, repeat_seconds: 86_400 };
  const row = { rule: JSON.stringify({ ...defaults, channels, ...rule }), updated_at: 0, updated_by: 'ann' };
  await query
    .insertInto('rules')
    .values({ name: String(rule.name ?? 'drift'), ...row })
    .execute();
  const windowAt = (hour: number) => ({
    start: new Date(Date.UTC(2026, 0, 1, hour)).toISOString(),
    end: new Date(Date.UTC(2026, 0, 1, hour + 1)).toISOString(),
  });
  const about = { model: 'm', version: '1', shadow: false };
  const run = (stage: string, args: JsonObject) => lifecycles.run(lifecycle, 'alerts', stage, args);
  return {
    lifecycle,
    clock,
    drifts: (hour: number, feature = 'age') =>
      run('drift', {
        ...about,
        window: windowAt(hour),
        feature,
        statistic: 'ks',
        value: 0.4,
        threshold: 0.05,
        p_value: 0.01,
      }),
    computes: (
      hour: number,
      drifted: string[],
      { performance = null, tested = FEATURES }: { performance?: JsonObject | null; tested?: string[] } = {},
    ) =>
      run('window', { ...about, window: windowAt(hour), predictions: 50, drifted, tested, performance, revision: 1 }),
    /** Lets time pass in steps of five seconds, as the ticker does, but faster when nothing is due. */
    async pass(ms: number, stepMs = 5000) {
      const end = clock.now() + ms;
      while (clock.now() < end) {
        await clock.advance(Math.min(stepMs, end - clock.now()));
        await alerts.tick?.(lifecycle, { since: 0, until: clock.now() });
      }
    },
    rows: async () =>
      (await query.selectFrom('alerts').selectAll().execute()).map(({ state, feature }) => [feature, state]),
  };
}
