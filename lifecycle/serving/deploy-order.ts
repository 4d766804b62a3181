import {
  DEFAULT_RULE,
  isRecord,
  type JsonObject,
  ModelyardError,
  ROUTING_KEYS,
  type RolloutRule,
  type RoutingKey,
  readRule,
} from '#core';

/** How a version is deployed. */
export interface DeployOrder {
  readonly model: string;
  readonly version: string;
  readonly force: boolean;
  /** Share by which the error must be lower than the deployed version's. */
  readonly minImprovement: number;
  readonly strategy: 'all' | 'canary' | 'shadow';
  readonly share: number;
  readonly key: RoutingKey;
  readonly rule: RolloutRule;
  /** Time for automatic rollback after a full deployment. 0: no automatic rollback. */
  readonly guardSeconds: number;
}

const STRATEGIES = ['all', 'canary', 'shadow'] as const;
const SHARES = { all: 1, canary: 0.1, shadow: 1 } as const;
const GUARD_SECONDS = 60;
const MAX_GUARD_SECONDS = 86_400;

const FIELDS = ['model', 'version', 'force', 'min_improvement', 'strategy', 'share', 'key', 'rule', 'guard_seconds'];
/** Added by the events and the pipelines that start a deployment. */
const CONTEXT = ['event', 'event_type'];

/** Throws `invalid_input` with the name of the first invalid argument. */
export function readDeployOrder(args: JsonObject): DeployOrder {
  const unknown = Object.keys(args).find((name) => !FIELDS.includes(name) && !CONTEXT.includes(name));
  if (unknown !== undefined) throw invalid(unknown, `left out; known are ${FIELDS.slice(1).join(', ')}`);
  const { model, version, force = false, min_improvement: minImprovement = 0, strategy = 'all' } = args;
  if (typeof model !== 'string') throw invalid('model', 'a text');
  if (typeof version !== 'string' && typeof version !== 'number') throw invalid('version', 'a version or an alias');
  if (typeof force !== 'boolean') throw invalid('force', 'true or false');
  if (!isNumber(minImprovement, 0, 1)) throw invalid('min_improvement', 'a number from 0 to 1');
  const known = STRATEGIES.find((each) => each === strategy);
  if (!known) throw invalid('strategy', `one of ${STRATEGIES.join(', ')}`);
  const { share = SHARES[known], key = 'task', guard_seconds: guardSeconds = GUARD_SECONDS } = args;
  if (!isNumber(share, 0, 1) || share === 0) throw invalid('share', 'a number above 0, at most 1');
  if (known === 'all' && share !== 1) throw invalid('share', '1, or the strategy canary or shadow');
  const routingKey = ROUTING_KEYS.find((each) => each === key);
  if (!routingKey) throw invalid('key', `one of ${ROUTING_KEYS.join(', ')}`);
  if (!isNumber(guardSeconds, 0, MAX_GUARD_SECONDS)) {
    throw invalid('guard_seconds', `a number from 0 to ${MAX_GUARD_SECONDS}`);
  }
  return {
    ...{ model, version: String(version), force, minImprovement, strategy: known, share, key: routingKey },
    ...{ rule: ruleOf(args.rule, known === 'canary'), guardSeconds },
  };
}

function ruleOf(given: unknown, promote: boolean): RolloutRule {
  const rule = readRule(given, { ...DEFAULT_RULE, promote });
  if (isRecord(rule) && 'must' in rule) {
    throw invalid(rule.field === '' ? 'rule' : `rule.${String(rule.field)}`, String(rule.must));
  }
  return rule as RolloutRule;
}

const isNumber = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && value >= min && value <= max;

const invalid = (name: string, must: string): ModelyardError =>
  new ModelyardError('invalid_input', `The argument ${name} must be ${must}.`, {
    errors: [{ pointer: `/${name.replaceAll('.', '/')}`, message: `must be ${must}` }],
  });
