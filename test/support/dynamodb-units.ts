import { BY_OWNER_INDEX } from '#adapters/aws/resources.ts';
import type { ShimmedCall } from './aws-shim.ts';

type Attribute = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, Attribute>>;

/** The billed units of a call on the tasks table. Undefined for calls that are not on a row. */
export async function unitsOf(
  call: ShimmedCall,
): Promise<{ readonly reads: number; readonly writes: number } | undefined> {
  const { operation, input, output } = call;
  if (operation === 'GetItem') {
    // Per started 4 KB; half for eventually consistent reads.
    const blocks = Math.max(1, Math.ceil(sizeOf((output.Item ?? {}) as Item) / 4096));
    return { reads: input.ConsistentRead === true ? blocks : blocks / 2, writes: 0 };
  }
  return operation === 'PutItem' || operation === 'UpdateItem'
    ? { reads: 0, writes: await writeUnits(call) }
    : undefined;
}

/** Per started kilobyte of the row and of its index entry. */
async function writeUnits({ operation, input, ask }: ShimmedCall): Promise<number> {
  const Key = operation === 'PutItem' ? { id: (input.Item as { id: object }).id } : input.Key;
  const { Item } = await ask('GetItem', { TableName: input.TableName, Key, ConsistentRead: true });
  const row = Math.ceil(sizeOf(Item as Item) / 1024);
  // Only the put writes the index, because its attributes never change.
  return operation === 'PutItem' && Item && BY_OWNER_INDEX.partitionKey.name in (Item as object) ? row + 1 : row;
}

const sizeOf = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + name.length + valueSize(value), 0);

function valueSize(attribute: Attribute): number {
  const [[type, value] = ['', '']] = Object.entries(attribute);
  if (type === 'B') return Buffer.from(String(value), 'base64').length;
  if (type === 'BS') return (value as string[]).reduce((sum, one) => sum + Buffer.from(one, 'base64').length, 0);
  if (type === 'M') return 3 + sizeOf(value as Item);
  return String(value).length;
}
