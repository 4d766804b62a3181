/** What a value must be, in words that complete “… must be”; undefined when it is that. */
export type FieldRule = (value: unknown) => string | undefined;

/** A rule for every field of `T`; one without a rule does not compile. */
export type FieldRules<T> = { readonly [Field in keyof T]-?: FieldRule };

/** A whole number of at least `min`. */
export const wholeFrom =
  (min: number): FieldRule =>
  (value) =>
    Number.isSafeInteger(value) && Number(value) >= min ? undefined : `a whole number of at least ${min}`;

/** A text of at most `maxLength` characters that fits the pattern. */
export const textLike =
  (pattern: RegExp, maxLength: number, what: string): FieldRule =>
  (value) =>
    typeof value === 'string' && value.length <= maxLength && pattern.test(value) ? undefined : what;

/** Any number that is one. */
export const finite: FieldRule = (value) => (Number.isFinite(value) ? undefined : 'a number');

/** A number that is not negative. */
export const notNegative: FieldRule = (value) =>
  Number.isFinite(value) && Number(value) >= 0 ? undefined : 'a number that is not negative';

/** May be left out. */
export const optional =
  (rule: FieldRule): FieldRule =>
  (value) =>
    value === undefined ? undefined : rule(value);

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with a value: the path of the first bad field below `path`, and what it must be. */
export interface FieldFault {
  /** Segments with dots between them, for example `instance.slots`. */
  readonly path: string;
  readonly must: string;
}

/** The first fault of an object by these rules; undefined when there is none. Fields without a rule are ignored. */
export function faultOf<T>(value: unknown, rules: FieldRules<T>, path: string): FieldFault | undefined {
  if (!isRecord(value)) return { path, must: 'an object' };
  for (const [field, rule] of Object.entries<FieldRule>(rules)) {
    const must = rule(value[field]);
    if (must !== undefined) return { path: `${path}.${field}`, must };
  }
  return undefined;
}
