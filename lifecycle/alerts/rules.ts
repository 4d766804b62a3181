import { type HttpRequest, json, jsonFields, optional, type ProxyResult } from '#api';
import {
  ALERT_KINDS,
  type AlertChannel,
  type AlertRule,
  DRIFT_RULE,
  ERROR_METRICS,
  isRecord,
  LATENCY_METRICS,
  ModelyardError,
  RULE_DEFAULTS,
} from '#core';
import { invalidField } from '../json-body.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { nameIn } from '../names.ts';
import type { ServingLifecycle } from '../service.ts';
import { type AlertRow, alertsDatabase } from './tables.ts';

const MAX_RULES = 200;
const MAX_CHANNELS = 10;
const MAX_REPEAT_SECONDS = 30 * 86_400;
const MAX_MISSING = 1000;
const MAX_WINDOW_SECONDS = 6 * 3600;
const TOPIC = /^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,250}(\.fifo)?$/;
const ADDRESS = /^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,190}$/;

/** A rule with the user whose secret signs its reports. */
export interface OwnedRule extends AlertRule {
  readonly owner: string;
}

/** All rules, including the default rule. */
export async function readRules(lifecycle: Pick<Lifecycle, 'stores'>): Promise<readonly OwnedRule[]> {
  const { query } = await alertsDatabase(lifecycle);
  const rows = await query.selectFrom('rules').selectAll().orderBy('name').execute();
  // Only `putRule` writes the column.
  const rules = rows.map(({ rule, updated_by }) => ({ ...(JSON.parse(rule) as AlertRule), owner: updated_by }));
  const isReplaced = rules.some(({ name }) => name === DRIFT_RULE.name);
  return isReplaced ? rules : [{ ...DRIFT_RULE, owner: '' }, ...rules];
}

/** Whether a rule is for a model. */
export const fits = ({ model }: Pick<AlertRule, 'model'>, name: string): boolean =>
  model === undefined || model === name;

/** Whether a rule still judges an alert of its name. It may have been replaced since it raised it. */
export function stillJudges(
  rule: AlertRule,
  { model, version, feature }: Pick<AlertRow, 'model' | 'version' | 'feature'>,
): boolean {
  if (!fits(rule, model)) return false;
  if (rule.kind === 'drift') return feature !== '' && (rule.feature ?? feature) === feature;
  return feature === '' && (rule.kind === 'error' || version === '');
}

const withoutOwner = ({ owner: _, ...rule }: OwnedRule): AlertRule => rule;

export async function listRules(lifecycle: ServingLifecycle): Promise<ProxyResult> {
  return json(200, { rules: (await readRules(lifecycle)).map(withoutOwner) });
}

const oneOf = (choices: readonly string[]) => (value: unknown) =>
  choices.some((choice) => choice === value) ? undefined : `Must be one of ${choices.join(', ')}.`;
const whole = (min: number, max: number) => (value: unknown) =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max
    ? undefined
    : `Must be a whole number from ${min} to ${max}.`;
const aName = (value: unknown) =>
  typeof value === 'string' && value !== '' && value.length <= 200 ? undefined : 'Must be a text.';
const aNumber = (value: unknown) => (Number.isFinite(value) ? undefined : 'Must be a number.');

const minutes = (value: unknown) =>
  Number.isInteger(value) && Number(value) % 60 === 0 && Number(value) >= 60 && Number(value) <= MAX_WINDOW_SECONDS
    ? undefined
    : `Must be whole minutes in seconds, at most ${MAX_WINDOW_SECONDS}.`;

const RULES = {
  kind: oneOf(ALERT_KINDS),
  model: optional(aName),
  feature: optional(aName),
  metric: optional(oneOf([...ERROR_METRICS, ...LATENCY_METRICS])),
  threshold: optional(aNumber),
  window_seconds: optional(minutes),
  min_tasks: optional(whole(1, 1_000_000)),
  resolve_after: optional(whole(1, 100)),
  repeat_seconds: optional(whole(60, MAX_REPEAT_SECONDS)),
  channels: () => undefined,
};

export async function putRule(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const name = nameIn(request.param('rule'), 'rule');
  const fields = jsonFields(request, { what: 'a valid rule', rules: RULES }) as Partial<AlertRule>;
  const channels = (fields.channels as unknown) ?? [];
  if (!Array.isArray(channels) || channels.length > MAX_CHANNELS) {
    throw invalidField('/channels', `must be a list of at most ${MAX_CHANNELS}`);
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  const rule = {
    ...{ name, ...RULE_DEFAULTS, ...given },
    channels: channels.map((channel, i) => readChannel(lifecycle, channel, `/channels/${i}`)),
  } as unknown as AlertRule;
  checkLimits(rule);
  const { query } = await alertsDatabase(lifecycle);
  const others = (await readRules(lifecycle)).filter((other) => other.name !== name);
  if (others.length >= MAX_RULES) throw new ModelyardError('conflict', 'There are too many rules.');
  const row = { rule: JSON.stringify(rule), updated_at: lifecycle.platform.clock.now(), updated_by: request.caller.id };
  await query
    .insertInto('rules')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute();
  return json(200, rule);
}

/** What each kind needs, and what means nothing to it. */
function checkLimits({ kind, metric, threshold, feature, window_seconds, min_tasks }: AlertRule): void {
  if (kind === 'error' && (!ERROR_METRICS.some((name) => name === metric) || threshold === undefined)) {
    throw invalidField(
      '/threshold',
      `and /metric (${ERROR_METRICS.join(', ')}) are what a rule of the kind error needs`,
    );
  }
  if (kind === 'failures' && (threshold === undefined || threshold <= 0 || threshold > 1)) {
    throw invalidField('/threshold', 'must be a share above 0 and at most 1');
  }
  if (kind === 'latency' && (threshold === undefined || threshold <= 0)) {
    throw invalidField('/threshold', 'must be a number of milliseconds above 0');
  }
  if (kind === 'drift' && threshold !== undefined) {
    throw invalidField(
      '/threshold',
      'is not for the kind drift; PUT /models/{model}/monitor sets that of each feature',
    );
  }
  const windows = threshold ?? 1;
  if (kind === 'missing' && (!Number.isInteger(windows) || windows < 1 || windows > MAX_MISSING)) {
    throw invalidField('/threshold', `must be a whole number of windows from 1 to ${MAX_MISSING}`);
  }
  const ofLatency = metric === undefined || LATENCY_METRICS.some((name) => name === metric);
  const isMetric = kind === 'error' || (kind === 'latency' ? ofLatency : metric === undefined);
  if (!isMetric) throw invalidField('/metric', `is not one of the kind ${kind}`);
  if (feature !== undefined && kind !== 'drift') throw invalidField('/feature', 'is for rules of the kind drift');
  const isOfTasks = kind === 'failures' || kind === 'latency';
  if (window_seconds !== undefined && !isOfTasks) throw invalidField('/window_seconds', `is not for the kind ${kind}`);
  if (min_tasks !== undefined && !isOfTasks) throw invalidField('/min_tasks', `is not for the kind ${kind}`);
}

function readChannel({ stores }: ServingLifecycle, value: unknown, pointer: string): AlertChannel {
  if (!isRecord(value)) throw invalidField(pointer, 'must be an object');
  const { kind, url, to, topic, ...others } = value;
  const given = [url, to, topic].filter((field) => field !== undefined).length;
  if (Object.keys(others).length > 0) throw invalidField(pointer, 'has a field that is not known');
  if (kind === 'webhook' && typeof url === 'string' && given === 1) {
    stores.outbound.check(url);
    return { kind, url };
  }
  if (kind === 'email' && typeof to === 'string' && ADDRESS.test(to) && given === 1) return { kind, to };
  if (kind === 'sns' && typeof topic === 'string' && TOPIC.test(topic) && given === 1) return { kind, topic };
  const forms = '{"kind": "webhook", "url": "…"}, {"kind": "email", "to": "…"} or {"kind": "sns", "topic": "arn:…"}';
  throw invalidField(pointer, `must be ${forms}`);
}

/** The default rule applies again when its replacement is deleted. */
export async function deleteRule(lifecycle: ServingLifecycle, request: HttpRequest): Promise<ProxyResult> {
  const { query } = await alertsDatabase(lifecycle);
  const name = request.param('rule');
  const { numDeletedRows } = await query.deleteFrom('rules').where('name', '=', name).executeTakeFirst();
  if (numDeletedRows === 0n) throw new ModelyardError('resource_not_found', `There is no rule ${name}.`);
  return { statusCode: 204, headers: {}, body: '' };
}
