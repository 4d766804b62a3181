import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '#adapters/aws/attributes.ts';
import { BY_OWNER_INDEX, DEAD_LETTERS_INDEX } from '#adapters/aws/resources.ts';
import type { World } from '../world/world.ts';
import { type ExpressionArguments, meets, updated } from './dynamo-expression.ts';

interface Row {
  readonly item: Item;
  /** The row before its last change, for eventually consistent reads. */
  readonly before: Item | undefined;
  readonly changedMs: number;
}

/** Maximum lag of an eventually consistent read. */
export const BEHIND_MS = 1_000;

interface Conditional extends ExpressionArguments {
  readonly ConditionExpression?: string | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

/** The table of tasks, and the DynamoDB operations on single rows of it. */
export class SimDynamo {
  readonly #world: World;
  readonly #rows = new Map<string, Row>();
  /** Called with a row that was written. */
  readonly #onWritten: (id: string, item: Item) => void;

  constructor(world: World, onWritten: (id: string, item: Item) => void) {
    this.#world = world;
    this.#onWritten = onWritten;
  }

  execute(command: unknown): object {
    if (command instanceof GetItemCommand) return this.#get(command);
    if (command instanceof PutItemCommand) return this.#put(command);
    if (command instanceof UpdateItemCommand) return this.#update(command);
    if (command instanceof BatchGetItemCommand) return this.#getMany(command);
    if (command instanceof QueryCommand) return this.#query(command);
    throw new Error(`The simulated DynamoDB does not know ${String(command)}.`);
  }

  #get({ input }: GetItemCommand): object {
    const row = this.#rows.get(idOf(input.Key));
    const item = input.ConsistentRead ? row?.item : this.#behind(row);
    return item ? { Item: { ...item } } : {};
  }

  #behind(row: Row | undefined): Item | undefined {
    return row && this.#world.engine.now < row.changedMs + BEHIND_MS ? row.before : row?.item;
  }

  #getMany({ input }: BatchGetItemCommand): object {
    const asked = Object.entries(input.RequestItems ?? {});
    const found = asked.map(([table, { Keys = [] }]) => {
      const items = Keys.map((key) => this.#rows.get(idOf(key))?.item);
      return [table, items.filter((item) => item !== undefined).map((item) => ({ ...item }))];
    });
    return { Responses: Object.fromEntries(found) };
  }

  /** Of an index, which is behind the table, the last sort key first. */
  #query({ input }: QueryCommand): object {
    const index = [BY_OWNER_INDEX, DEAD_LETTERS_INDEX].find(({ name }) => name === input.IndexName);
    if (!index || input.ScanIndexForward !== false)
      throw new Error('The simulated DynamoDB does not know such a query.');
    const { KeyConditionExpression: condition = '', Limit: limit = Number.POSITIVE_INFINITY } = input;
    const { partitionKey, sortKey } = index;
    const isAfter = (a: Item, b: Item) => compareKeys(a[sortKey.name], b[sortKey.name]) || compareKeys(a.id, b.id);
    const { ExclusiveStartKey: start } = input;
    const items = [...this.#rows.values()]
      .map((row) => this.#behind(row))
      .filter((item) => item !== undefined)
      .filter((item) => item[partitionKey.name] && item[sortKey.name] && meets(condition, item, input))
      .filter((item) => !start || isAfter(item, start) < 0)
      .sort((a, b) => isAfter(b, a));
    const page = items.slice(0, limit).map((item) => ({ ...item }));
    const last = items.length > limit ? page.at(-1) : undefined;
    const keys = ['id', partitionKey.name, sortKey.name];
    return {
      Items: page,
      ...(last ? { LastEvaluatedKey: Object.fromEntries(keys.map((key) => [key, last[key]])) } : {}),
    };
  }

  #put({ input }: PutItemCommand): object {
    const item = input.Item ?? {};
    this.#check(idOf(item), input);
    this.#write(idOf(item), { ...item });
    return {};
  }

  #update({ input }: UpdateItemCommand): object {
    const id = idOf(input.Key);
    this.#check(id, input);
    const item = this.#rows.get(id)?.item ?? { ...input.Key };
    this.#write(id, updated(input.UpdateExpression ?? '', item, input));
    return {};
  }

  #check(id: string, input: Conditional): void {
    const item = this.#rows.get(id)?.item;
    if (!input.ConditionExpression || meets(input.ConditionExpression, item, input)) return;
    const isAsked = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
    throw new ConditionalCheckFailedException({
      message: 'The conditional request failed',
      $metadata: {},
      ...(item && isAsked ? { Item: { ...item } } : {}),
    });
  }

  #write(id: string, item: Item): void {
    this.#rows.set(id, { item, before: this.#rows.get(id)?.item, changedMs: this.#world.engine.now });
    this.#onWritten(id, item);
  }
}

const idOf = (key: Item | undefined): string => key?.id?.S ?? '';

function compareKeys(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  if (a?.N !== undefined) return Number(a.N) - Number(b?.N);
  return (a?.S ?? '') < (b?.S ?? '') ? -1 : Number((a?.S ?? '') > (b?.S ?? ''));
}
