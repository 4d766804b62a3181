import { createHash } from 'node:crypto';
import type { JsonObject } from '#core';
import { serviceHash } from '../code.ts';

/** Hash of what decides the output of a stage: its operation, the code of its service, its arguments and its inputs. */
export async function stageKey(operation: string, args: JsonObject, inputs: JsonObject = {}): Promise<string> {
  const [service = ''] = operation.split('.');
  return createHash('sha256')
    .update(JSON.stringify([operation, await serviceHash(service), sorted(args), sorted(inputs)]))
    .digest('hex');
}

/** The order of fields does not matter. */
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, each]) => [name, sorted(each)]),
        )
      : value;
