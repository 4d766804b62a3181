import { type AttributeValue, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { decodeEnvelope } from '#core';
import { describeRequest } from './requests.ts';

const MAX_LENGTH = 200;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** Said by every command of a kind. */
const OBVIOUS = new Set([
  'TableName',
  'ConditionExpression',
  'ExpressionAttributeNames',
  'UpdateExpression',
  'ReturnValuesOnConditionCheckFailure',
  'MessageSystemAttributeNames',
  'MessageAttributeNames',
  'MessageGroupId',
  'DataType',
]);
/** Attributes of rows that say what happened. */
const TELLING = ['state', 'fence', 'attempts', 'copy', 'attemptsGivenUp', 'withdrawnAt', 'sentAt', 'resentAt'];

type Attributes = Record<string, AttributeValue> | undefined;

/** Names tasks in the order in which they are first spoken of: traces of a seed do not depend on random ids. */
export class Describer {
  readonly #aliases = new Map<string, string>();

  alias(id: string): string {
    const alias = this.#aliases.get(id) ?? `task-${this.#aliases.size + 1}`;
    this.#aliases.set(id, alias);
    return alias;
  }

  /** A text with aliases in place of ids. */
  text(text: string): string {
    return text.replaceAll(UUID, (id) => this.alias(id));
  }

  /** A message of a queue. */
  body(body: Uint8Array): string {
    try {
      const envelope = decodeEnvelope(body);
      return `${this.alias(envelope.taskId)} (${describeRequest(envelope)})`;
    } catch {
      return 'a message that is no envelope';
    }
  }

  /** A command of the AWS SDK. */
  command(command: { readonly input: unknown }): string {
    if (command instanceof GetItemCommand) return `${command.input.Key?.id?.S}`;
    if (command instanceof PutItemCommand) return `${command.input.Item?.id?.S} ${told(command.input.Item)}`;
    if (command instanceof UpdateItemCommand) {
      const values = Object.entries(command.input.ExpressionAttributeValues ?? {});
      return `${command.input.Key?.id?.S} ${told(Object.fromEntries(values.map(([name, value]) => [name.slice(1), value])))}`;
    }
    return this.#json(command.input);
  }

  /** What the command was answered with. */
  answer(answer: object): string {
    if ('Item' in answer) return told(answer.Item as Attributes) || 'a row';
    return this.#json(answer);
  }

  #json(value: unknown): string {
    const json = JSON.stringify(value, (key, inner: unknown) => {
      if (OBVIOUS.has(key)) return undefined;
      if (key === 'MessageBody' || key === 'Body') return this.body(Buffer.from(String(inner), 'base64'));
      return key === 'QueueUrl' ? String(inner).replace(/.*-s-/, '') : inner;
    });
    return json.replaceAll('"', '').slice(0, MAX_LENGTH);
  }
}

const told = (attributes: Attributes): string =>
  TELLING.flatMap((name) => {
    const value = attributes?.[name];
    return value === undefined ? [] : `${name} ${value.S ?? value.N ?? 'set'}`;
  }).join(', ');
