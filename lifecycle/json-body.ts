import type { HttpRequest } from '#api';
import { isRecord, type JsonObject, ModelyardError } from '#core';

/** The JSON object in the body of a request. An empty body has no fields. Throws `unreadable_body`. */
export function jsonBody(request: HttpRequest): JsonObject {
  const body = request.body();
  if (body.byteLength === 0) return {};
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.from(body).toString());
  } catch (cause) {
    throw new ModelyardError('unreadable_body', 'The body is not JSON.', { cause });
  }
  if (isRecord(fields)) return fields as JsonObject;
  throw new ModelyardError('unreadable_body', 'The body is not a JSON object.');
}

/** Refuses members that a body, or the object at `pointer`, may not have. `message` completes the name of the first. */
export function refuseOthers(others: Readonly<Record<string, unknown>>, message: string, pointer = ''): void {
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalidField(`${pointer}/${other}`, message);
}

/** An error of one field of a body. */
export const invalidField = (pointer: string, message: string): ModelyardError =>
  new ModelyardError('invalid_input', `${pointer} ${message}.`, { errors: [{ pointer, message }] });
