import { isRecord, type JsonObject, type JsonValue, ModelyardError, type PipelineRun } from '#core';

const WHOLE = /^\{\{\s*([\w.-]+)\s*\}\}$/;
const PART = /\{\{\s*([\w.-]+)\s*\}\}/g;

interface Values {
  readonly run: Pick<PipelineRun, 'stages'>;
  readonly logicalDate: string;
}

/**
 * Parameters with their references replaced: `{{logical_date}}`, and `{{stage.field}}` by a field of a stage's output. A
 * text that is only a reference becomes the value itself. Throws `invalid_input` for an unknown reference.
 */
export function resolveParams(params: Readonly<Record<string, unknown>>, values: Values): JsonObject {
  return resolve(params as JsonObject, values) as JsonObject;
}

function resolve(value: JsonValue, values: Values): JsonValue {
  if (typeof value === 'string') {
    const [, whole] = WHOLE.exec(value) ?? [];
    if (whole !== undefined) return lookUp(whole, values);
    return value.replaceAll(PART, (_, name: string) => String(lookUp(name, values)));
  }
  if (Array.isArray(value)) return value.map((each: JsonValue) => resolve(each, values));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each as JsonValue, values)]));
}

function lookUp(reference: string, { run, logicalDate }: Values): JsonValue {
  if (reference === 'logical_date') return logicalDate;
  const [stage = '', ...path] = reference.split('.');
  let value: unknown = run.stages[stage]?.output;
  for (let at = 0; at < path.length; ) {
    // Names of files have dots: the longest name that fits.
    const names = path.slice(at).map((_, index) => path.slice(at, path.length - index).join('.'));
    const name = names.find((each) => isRecord(value) && Object.hasOwn(value, each)) ?? '';
    value = isRecord(value) ? value[name] : undefined;
    at += Math.max(1, name.split('.').length);
  }
  if (value !== undefined) return value as JsonValue;
  throw new ModelyardError('invalid_input', `The parameter {{${reference}}} names no output of an earlier stage.`);
}
