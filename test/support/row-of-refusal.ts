import type { ShimRule } from './aws-shim.ts';

/** Adds what the emulator lacks: DynamoDB returns the row that made a conditional write fail. */
export const withRowOfRefusal =
  (key: string): ShimRule =>
  async (call) => {
    const isRefusal = String(call.output.__type).endsWith('ConditionalCheckFailedException');
    if (!isRefusal || call.input.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD') return undefined;
    const { TableName, Key, Item } = call.input as { TableName: string; Key?: object; Item?: Record<string, object> };
    const row = await call.ask('GetItem', { TableName, Key: Key ?? { [key]: Item?.[key] }, ConsistentRead: true });
    return { output: { ...call.output, ...row } };
  };
