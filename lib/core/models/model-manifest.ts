import {
  type FieldFault,
  type FieldRule,
  type FieldRules,
  faultOf,
  flag,
  isRecord,
  listOf,
  notNegative,
  optional,
  textLike,
  whole,
} from '../field-rules.ts';
import type { Model } from './model.ts';

/** The longest run that a manifest or a caller may ask for. SQS extends a visibility timeout to 12 hours at most. */
export const MAX_TIMEOUT_SECONDS = 43_200;

/** One limit, as a manifest may set it. */
interface LimitDefinition<Default> {
  readonly rule: FieldRule;
  /** Holds where the manifest has no value; undefined: there is no limit then. */
  readonly default: Default;
  /** One sentence for documents. */
  readonly meaning: string;
  /** The behaviour without a limit, for documents. */
  readonly otherwise?: string;
}

const limit = <Default extends number | boolean | undefined>(
  rule: FieldRule,
  fallback: Default,
  meaning: string,
  otherwise?: string,
): LimitDefinition<Default> => ({
  rule,
  default: fallback,
  meaning,
  ...(otherwise === undefined ? {} : { otherwise }),
});

/** The most attempts that a model may allow. A queue with a limit of its own stays above it. */
export const MAX_ATTEMPTS = 99;

/**
 * What a model promises to and demands of the system: the one declaration of its limits. The type and the check of
 * manifests, the registration, the rows of registries, the API, OpenAPI and `docs/configuration.md` follow from it.
 */
export const MODEL_LIMITS = {
  maxAttempts: limit(whole(1, MAX_ATTEMPTS), 3, 'Runs of one task before it is given up.'),
  timeoutSeconds: limit(whole(1, MAX_TIMEOUT_SECONDS), 60, 'The longest one run may take.'),
  maxInstances: limit(whole(1, 1000), 10, 'Instances that may live at once.'),
  acceptWhenAsleep: limit(flag, true, 'Whether submits are accepted while no instance is alive.'),
  acceptWhenFailing: limit(
    flag,
    undefined,
    'Whether submits are accepted while the start of the model fails.',
    '`acceptWhenAsleep`, if the manifest sets it, and false otherwise',
  ),
  maxBacklog: limit(whole(1, 1_000_000_000), undefined, 'Waiting tasks from which on submits are refused.', 'no limit'),
  idleSeconds: limit(
    whole(1, 604_800),
    undefined,
    'Seconds without work after which the last instance stops.',
    'it stays',
  ),
} as const;

type Definitions = typeof MODEL_LIMITS;
export type LimitName = keyof Definitions;
type IsAlwaysSet<N extends LimitName> = Definitions[N]['default'] extends undefined ? false : true;
type FlagName = 'acceptWhenAsleep' | 'acceptWhenFailing';
type ValueOf<N extends LimitName> = N extends FlagName ? boolean : number;

/** The limits of one model; one without a default is absent where there is no limit. */
export type ModelLimits = {
  readonly [N in LimitName as IsAlwaysSet<N> extends true ? N : never]: ValueOf<N>;
} & {
  readonly [N in LimitName as IsAlwaysSet<N> extends true ? never : N]?: ValueOf<N>;
};

export const LIMIT_NAMES = Object.keys(MODEL_LIMITS) as readonly LimitName[];

/** The given limits, with the defaults of the others. */
export const completeLimits = (given: Partial<ModelLimits>): ModelLimits =>
  Object.fromEntries(
    LIMIT_NAMES.flatMap((name) => {
      const value = given[name] ?? MODEL_LIMITS[name].default;
      return value === undefined ? [] : [[name, value]];
    }),
  ) as ModelLimits;

/** The descriptive fields of a manifest, which the registry stores. */
export type RegisteredManifest = Pick<Model, 'description' | 'title' | 'variants' | 'limits'>;

const sentence = textLike(/^\S[^\r\n]*$/, 500, 'one line of text');

const variantName = textLike(/^[A-Za-z][\w.-]*$/, 64, 'at most 64 letters, digits and ._-, a letter first');

type Texts = Omit<RegisteredManifest, 'limits'>;

/** Rules for the texts of a manifest. */
export const TEXT_RULES: FieldRules<Texts> = {
  description: sentence,
  title: optional(sentence),
  variants: listOf(variantName, 'a list of different names of letters, digits and ._-'),
};

const text: FieldRule = (value) => (typeof value === 'string' ? undefined : 'a text');

/** Earlier builds may have allowed other values, so only their types are checked in rows. */
const STORED_TEXT_RULES: FieldRules<Texts> = {
  description: text,
  title: optional(text),
  variants: listOf(text, 'a list of different texts'),
};

const limitRules = (ruleOf: (limit: LimitDefinition<unknown>) => FieldRule): FieldRules<ModelLimits> =>
  Object.fromEntries(
    Object.entries<LimitDefinition<unknown>>(MODEL_LIMITS).map(([name, each]) => [
      name,
      each.default === undefined ? optional(ruleOf(each)) : ruleOf(each),
    ]),
  ) as FieldRules<ModelLimits>;

const LIMIT_RULES = limitRules(({ rule }) => rule);
const STORED_LIMIT_RULES = limitRules(({ rule }) => (rule === flag ? flag : notNegative));

const faultIn = (
  manifest: unknown,
  texts: FieldRules<Texts>,
  limits: FieldRules<ModelLimits>,
): FieldFault | undefined =>
  faultOf(manifest, texts, 'manifest') ??
  (isRecord(manifest) ? faultOf(manifest.limits, limits, 'manifest.limits') : undefined);

/** The first invalid field of a manifest that an instance registers. Undefined for a valid one. */
export const registeredManifestFault = (manifest: unknown): FieldFault | undefined =>
  faultIn(manifest, TEXT_RULES, LIMIT_RULES);

/** The first invalid field of a manifest in a registry. Undefined for a valid one. */
export const storedManifestFault = (manifest: unknown): FieldFault | undefined =>
  faultIn(manifest, STORED_TEXT_RULES, STORED_LIMIT_RULES);
