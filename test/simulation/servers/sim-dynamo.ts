import {
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '#adapters/aws/attributes.ts';
import type { World } from '../world/world.ts';
import { type ExpressionArguments, meets, updated } from './dynamo-expression.ts';

interface Row {
  readonly item: Item;
  /** The row before its last change, for eventually consistent reads. */
  readonly before: Item | undefined;
  readonly changedMs: number;
}

/** Maximum lag of an eventually consistent read. */
const BEHIND_MS = 1_000;

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
    throw new Error(`The simulated DynamoDB does not know ${String(command)}.`);
  }

  #get({ input }: GetItemCommand): object {
    const row = this.#rows.get(idOf(input.Key));
    if (!row) return {};
    const isBehind = !input.ConsistentRead && this.#world.engine.now < row.changedMs + BEHIND_MS;
    const item = isBehind ? row.before : row.item;
    return item ? { Item: { ...item } } : {};
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
