import { type ModelStats, publicName, readStats, STAGE_MODEL } from '#core';
import type { Lifecycle } from '../lifecycle.ts';
import { judge, rounded } from './change-alert.ts';
import { fits, type OwnedRule, readRules } from './rules.ts';

const WINDOW_SECONDS = 300;
const MIN_TASKS = 20;
const MINUTE_MS = 60_000;
/** Counts on their way to the store. */
const SLACK_MS = 5_000;

/** What this process has judged already, by rule and model: the start of the span. A repetition changes nothing. */
const judged = new WeakMap<object, Map<string, number>>();

/** Judges rules of the kinds `failures` and `latency` on the newest span that is over, for each model. */
export async function judgeTasks(lifecycle: Lifecycle): Promise<void> {
  const rules = (await readRules(lifecycle)).filter(({ kind }) => kind === 'failures' || kind === 'latency');
  if (rules.length === 0) return;
  const { platform, stores } = lifecycle;
  const known = judged.get(stores) ?? new Map<string, number>();
  judged.set(stores, known);
  const { models } = await platform.registry.snapshot();
  const names = [...new Set(models.map(({ name }) => name))].filter((name) => name !== STAGE_MODEL);
  for (const rule of rules) {
    const windowMs = (rule.window_seconds ?? WINDOW_SECONDS) * 1000;
    const end = Math.floor((platform.clock.now() - platform.stats.flushMs - SLACK_MS) / windowMs) * windowMs;
    for (const name of names.filter((model) => fits(rule, publicName(model)))) {
      const key = `${rule.name}/${name}`;
      if (known.get(key) === end) continue;
      await judgeSpan(lifecycle, rule, { name, end, windowMs });
      known.set(key, end);
    }
  }
}

interface Span {
  readonly name: string;
  readonly end: number;
  readonly windowMs: number;
}

async function judgeSpan(lifecycle: Lifecycle, rule: OwnedRule, { name, end, windowMs }: Span): Promise<void> {
  const { stats, clock } = lifecycle.platform;
  const then = { ...clock, now: () => end - 1 };
  const { total } = await readStats({ stats, clock: then }, { model: name, minutes: windowMs / MINUTE_MS });
  const found = rule.kind === 'failures' ? failuresOf(total) : latencyOf(total, rule);
  // Too few tasks are neither good nor bad.
  if (!found || found.tasks < (rule.min_tasks ?? MIN_TASKS)) return;
  const { threshold = 0 } = rule;
  const model = publicName(name);
  const isBad = found.value >= threshold;
  const reason = `${found.what} of ${model} is ${rounded(found.value)} in ${windowMs / MINUTE_MS} min, the threshold ${rounded(threshold)}.`;
  const subject = { rule: rule.name, model, version: '', feature: '' };
  await judge(lifecycle, rule, { ...subject, isBad, reason, window: end - windowMs, windowMs });
}

interface Found {
  readonly what: string;
  readonly value: number;
  readonly tasks: number;
}

function failuresOf({ succeeded, failed, expired }: ModelStats['total']): Found {
  const tasks = succeeded + failed + expired;
  return { what: 'The share of failed tasks', value: (failed + expired) / tasks, tasks };
}

function latencyOf(total: ModelStats['total'], { metric = 'run_p99' }: OwnedRule): Found | undefined {
  const [phase = '', quantile = ''] = metric.split('_');
  const quantiles = phase === 'queue' ? total.queueMs : total.runMs;
  const value = quantiles?.[quantile as 'p50'];
  const tasks = total.succeeded + total.failed;
  return value === undefined ? undefined : { what: `The ${phase} time (${quantile}) in ms`, value, tasks };
}
