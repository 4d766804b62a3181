import type { DriftDetected, JsonObject, WindowComputed } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import type { StageRun } from '../service.ts';
import { judge, rounded } from './change-alert.ts';
import { noteWindow } from './missing-windows.ts';
import { fits, readRules } from './rules.ts';
import { alertsDatabase } from './tables.ts';

/** The stage behind `drift.detected`. A repetition of the event changes nothing. */
export async function observeDrift(lifecycle: Lifecycle, args: JsonObject, _run: StageRun): Promise<JsonObject> {
  const { model, version, feature, statistic, value, threshold, window, shadow } = args as unknown as DriftDetected;
  if (shadow) return { alerts: 0 };
  const rules = (await readRules(lifecycle)).filter(
    (rule) => rule.kind === 'drift' && fits(rule, model) && (rule.feature ?? feature) === feature,
  );
  const reason = `${feature} of ${model} has drifted: ${statistic} is ${rounded(value)}, the threshold ${rounded(threshold)}.`;
  for (const rule of rules) {
    await judge(lifecycle, rule, { rule: rule.name, model, version, feature, isBad: true, reason, ...spanOf(window) });
  }
  return { alerts: rules.length };
}

/** The stage behind `window.computed`: resolves alerts whose windows are good again, and evaluates error rules. */
export async function observeWindow(lifecycle: Lifecycle, args: JsonObject, _run: StageRun): Promise<JsonObject> {
  const { model, version, window, tested, performance, shadow, ...found } = args as unknown as WindowComputed;
  if (shadow) return { alerts: 0 };
  const span = spanOf(window);
  await noteWindow(lifecycle, model, span);
  // A window with too few predictions to be tested is neither good nor bad.
  const good = new Set(tested.filter((feature) => !found.drifted.includes(feature)));
  const rules = (await readRules(lifecycle)).filter((rule) => fits(rule, model));
  const { query } = await alertsDatabase(lifecycle);
  const firing = await query
    .selectFrom('alerts')
    .selectAll()
    .where('state', '=', 'firing')
    .where('model', '=', model)
    .where('version', '=', version)
    .execute();
  for (const rule of rules) {
    if (rule.kind === 'error') {
      const { threshold = 0, metric = 'mae' } = rule;
      const value = (performance as Readonly<Record<string, number>> | null)?.[metric];
      if (typeof value !== 'number') continue;
      const isBad = metric === 'accuracy' ? value <= threshold : value >= threshold;
      const reason = `The ${metric} of ${model} is ${rounded(value)}, the threshold ${rounded(threshold)}.`;
      await judge(lifecycle, rule, { rule: rule.name, model, version, feature: '', isBad, reason, ...span });
    }
    if (rule.kind !== 'drift') continue;
    for (const { feature } of firing.filter((alert) => alert.rule === rule.name && good.has(alert.feature))) {
      await judge(lifecycle, rule, { rule: rule.name, model, version, feature, isBad: false, reason: '', ...span });
    }
  }
  return { alerts: rules.length };
}

const spanOf = ({ start, end }: WindowComputed['window']) => ({
  window: Date.parse(start),
  windowMs: Date.parse(end) - Date.parse(start),
});
