import { type FieldError, UnreadableMessageError } from '#contract';
import { pointerTo } from '#contract/json/problems.ts';
import { parseJson } from '#contract/json/scan-json.ts';
import { isDay } from '#contract/json/times.ts';
import { ModelyardError } from '#core';
import { bodyTooLarge, type HttpRequest } from './http-request.ts';
import { bodyType, FORM_TYPE, JSON_TYPE } from './negotiation.ts';
import { isTaskId } from './task-id.ts';

/** Small, because it is parsed on the thread that serves all requests. */
const MAX_BYTES = 16 * 1024;

/** The fault of a value. Undefined for a valid one. */
export type FieldRule = (value: unknown) => string | undefined;

interface FieldsOptions {
  /** Named in the error: "a valid login". */
  readonly what: string;
  /** By name. A field without a rule is refused, in JSON. */
  readonly rules: Readonly<Record<string, FieldRule>>;
  /** @default 16 KiB */
  readonly maxBytes?: number;
}

/**
 * The fields of a JSON object. An empty body has none. Rejects with `body_too_large`, `unreadable_body`,
 * `unsupported_media_type`, and `invalid_input` with a pointer to the invalid field.
 */
export function jsonFields(
  request: HttpRequest,
  { what, rules, maxBytes = MAX_BYTES }: FieldsOptions,
): Readonly<Record<string, unknown>> {
  const bytes = request.body();
  if (bytes.byteLength > maxBytes) throw bodyTooLarge(maxBytes);
  const body = bytes.byteLength === 0 ? {} : readJson(request, bytes);
  const invalid = (errors: readonly FieldError[]) =>
    new ModelyardError('invalid_input', `The body is not ${what}.`, { errors });
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ pointer: '', message: 'Must be an object.' }]);
  }
  const fields = body as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(fields).filter((name) => !Object.hasOwn(rules, name));
  const errors = [
    ...unknown.map((name) => ({ pointer: pointerTo(name), message: 'There is no such field.' })),
    ...Object.entries(rules).flatMap(([name, rule]) => {
      const message = rule(Object.hasOwn(fields, name) ? fields[name] : undefined);
      return message === undefined ? [] : [{ pointer: pointerTo(name), message }];
    }),
  ];
  if (errors.length > 0) throw invalid(errors);
  return fields;
}

/** As `jsonFields`, of a form too. Fields of a form that have no rule are ignored: OAuth clients send some. */
export function formFields(request: HttpRequest, options: FieldsOptions): Readonly<Record<string, unknown>> {
  const [type = ''] = (request.headers.list('content-type') ?? '').toLowerCase().split(';');
  if (type.trim() !== FORM_TYPE) return jsonFields(request, options);
  const bytes = request.body();
  if (bytes.byteLength > MAX_BYTES) throw bodyTooLarge(MAX_BYTES);
  const form = new URLSearchParams(Buffer.from(bytes).toString('utf8'));
  const errors = Object.entries(options.rules).flatMap(([name, rule]) => {
    const message = form.getAll(name).length > 1 ? 'Must be given once.' : rule(form.get(name) ?? undefined);
    return message === undefined ? [] : [{ pointer: pointerTo(name), message }];
  });
  if (errors.length > 0) throw new ModelyardError('invalid_input', `The body is not ${options.what}.`, { errors });
  return Object.fromEntries(Object.keys(options.rules).map((name) => [name, form.get(name)]));
}

export const aText: FieldRule = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'Must be a string that is not empty.';

export const optional =
  (rule: FieldRule): FieldRule =>
  (value) =>
    value === undefined ? undefined : rule(value);

function readJson(request: HttpRequest, bytes: Uint8Array): unknown {
  if (bodyType(request.headers) !== JSON_TYPE) {
    throw new ModelyardError('unsupported_media_type', `The body must be ${JSON_TYPE}.`);
  }
  try {
    return parseJson(bytes);
  } catch (error) {
    if (!(error instanceof UnreadableMessageError)) throw error;
    throw new ModelyardError('unreadable_body', error.message, { cause: error });
  }
}

/** An id in JSON, with what may stand around it. */
const BYTES_OF_ID = 64;

/** The ids in the body of a redrive: `{"ids": ["…"]}`. Undefined for all. Rejects as `jsonFields`. */
export function redriveIds(request: HttpRequest, maxIds: number): readonly string[] | undefined {
  const ids = (value: unknown) =>
    Array.isArray(value) && value.length <= maxIds && value.every(isTaskId)
      ? undefined
      : `Must be a list of at most ${maxIds} task ids.`;
  const maxBytes = MAX_BYTES + maxIds * BYTES_OF_ID;
  const fields = jsonFields(request, { what: 'a valid redrive', rules: { ids: optional(ids) }, maxBytes });
  return fields.ids as readonly string[] | undefined;
}

/** The variant in the body of a launch: `{"variant": "…"}`. Undefined without one. Rejects as `jsonFields`. */
export function launchVariant(request: HttpRequest): string | undefined {
  const variant = (value: unknown) => (typeof value === 'string' ? undefined : 'Must be a string.');
  const fields = jsonFields(request, { what: 'a valid launch of an instance', rules: { variant: optional(variant) } });
  return fields.variant as string | undefined;
}

/** Completes "must be". A time with its zone, on a day of its month: `Date.parse` takes 31 November as 1 December. */
export const aTime: FieldRule = (value) => {
  const time = typeof value === 'string' ? RFC_3339.exec(value) : null;
  const [year, month, day] = (time?.slice(1) ?? []).map(Number) as [number, number, number];
  return time !== null && isDay(year, month, day) && !Number.isNaN(Date.parse(time[0]))
    ? undefined
    : 'a time such as 2026-11-21T05:40:00Z';
};
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
