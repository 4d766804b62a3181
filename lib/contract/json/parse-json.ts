import { UnreadableMessageError } from '../errors.ts';
import { findFault } from './find-fault.ts';
import { hasRepeatedKeys } from './repeated-keys.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * Reads a JSON text. Throws `UnreadableMessageError` that says where it broke: not UTF-8, not JSON, or a key
 * given twice in one object, of which `JSON.parse` would silently drop one.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  const value = parseText(text);
  if (hasRepeatedKeys(text, value)) throw faultOf(text);
  return value;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const offset = firstInvalidByte(bytes);
    throw new UnreadableMessageError(`The body is not UTF-8 text: byte ${offset + 1} does not belong there.`, {
      cause,
    });
  }
}

/** A lenient decoder replaces what is wrong: the first difference is the place. */
function firstInvalidByte(bytes: Uint8Array): number {
  const repaired = Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8');
  const offset = bytes.findIndex((byte, i) => byte !== repaired[i]);
  return offset === -1 ? bytes.length : offset;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw faultOf(text, cause);
  }
}

function faultOf(text: string, cause?: unknown): UnreadableMessageError {
  const { offset, message } = findFault(text);
  const before = text.slice(0, offset).split('\n');
  const column = [...(before.at(-1) ?? '')].length + 1;
  return new UnreadableMessageError(`The body is not valid JSON: line ${before.length}, column ${column}: ${message}`, {
    cause,
  });
}
