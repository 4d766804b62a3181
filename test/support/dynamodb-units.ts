import { BY_OWNER_INDEX } from '#adapters/aws/resources.ts';
import type { ShimmedCall } from './aws-shim.ts';

type Attribute = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, Attribute>>;

/** What a call on the tasks table is billed for, by the rules of DynamoDB; undefined for a call that is not on a row. */
export async function unitsOf(
  call: ShimmedCall,
): Promise<{ readonly reads: number; readonly writes: number } | undefined> {
  const { operation, input, output } = call;
  if (operation === 'GetItem') {
    // Each started 4 KB, at half the price where the answer may be a moment old.
    const blocks = Math.max(1, Math.ceil(sizeOf((output.Item ?? {}) as Item) / 4096));
    return { reads: input.ConsistentRead === true ? blocks : blocks / 2, writes: 0 };
  }
  return operation === 'PutItem' || operation === 'UpdateItem'
    ? { reads: 0, writes: await writeUnits(call) }
    : undefined;
}

/** Each started kilobyte of a row, and of its index entry. */
async function writeUnits({ operation, input, ask }: ShimmedCall): Promise<number> {
  const Key = operation === 'PutItem' ? { id: (input.Item as { id: object }).id } : input.Key;
  const { Item } = await ask('GetItem', { TableName: input.TableName, Key, ConsistentRead: true });
  const row = Math.ceil(sizeOf(Item as Item) / 1024);
  // Only the put touches the index, if the row is in it: what it holds of a task never changes.
  return operation === 'PutItem' && Item && BY_OWNER_INDEX.partitionKey.name in (Item as object) ? row + 1 : row;
}

const sizeOf = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueSize(value), 0);

function valueSize(attribute: Attribute): number {
  const [[type, value] = ['', '']] = Object.entries(attribute);
  if (type === 'B') return Buffer.from(String(value), 'base64').length;
  if (type === 'M') return 3 + sizeOf(value as Item);
  return String(value).length;
}
