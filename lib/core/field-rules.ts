/** Completes "… must be". Undefined for a valid value. */
export type FieldRule = (value: unknown) => string | undefined;

/** A rule per field of `T`. A field without a rule does not compile. */
export type FieldRules<T> = { readonly [Field in keyof T]-?: FieldRule };

/** A whole number of at least `min`. */
export const wholeFrom =
  (min: number): FieldRule =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= min ? undefined : `a whole number of at least ${min}`;

/** A whole number from `min` to `max`. */
export const whole =
  (min: number, max: number): FieldRule =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `a whole number from ${min} to ${max}`;

/** One of these numbers. */
export const oneOf =
  (...allowed: readonly number[]): FieldRule =>
  (value) =>
    typeof value === 'number' && allowed.includes(value) ? undefined : `one of ${allowed.join(', ')}`;

export const flag: FieldRule = (value) => (typeof value === 'boolean' ? undefined : 'true or false');

/** A list of different values that keep the rule. */
export const listOf =
  (rule: FieldRule, what: string): FieldRule =>
  (value) =>
    Array.isArray(value) && new Set(value).size === value.length && value.every((item) => rule(item) === undefined)
      ? undefined
      : what;

/** Text of at most `maxLength` characters that matches the pattern. */
export const textLike =
  (pattern: RegExp, maxLength: number, what: string): FieldRule =>
  (value) =>
    typeof value === 'string' && value.length <= maxLength && pattern.test(value) ? undefined : what;

/** A finite number. */
export const finite: FieldRule = (value) => (Number.isFinite(value) ? undefined : 'a number');

/** A finite number of at least 0. */
export const notNegative: FieldRule = (value) =>
  Number.isFinite(value) && Number(value) >= 0 ? undefined : 'a number that is not negative';

export const optional =
  (rule: FieldRule): FieldRule =>
  (value) =>
    value === undefined ? undefined : rule(value);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The first invalid field and what it must be. */
export interface FieldFault {
  /** For example `instance.slots`. */
  readonly path: string;
  readonly must: string;
}

/** The first invalid field. Undefined for a valid object. Fields without a rule are ignored. */
export function faultOf<T>(value: unknown, rules: FieldRules<T>, path: string): FieldFault | undefined {
  if (!isRecord(value)) return { path, must: 'an object' };
  for (const [field, rule] of Object.entries<FieldRule>(rules)) {
    const must = rule(value[field]);
    if (must !== undefined) return { path: `${path}.${field}`, must };
  }
  return undefined;
}
