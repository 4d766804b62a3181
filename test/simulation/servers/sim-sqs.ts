import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { decodeEnvelope, flowOf } from '#core';
import type { Actor } from '../engine/engine.ts';
import type { World } from '../world/world.ts';

interface StoredMessage {
  readonly id: number;
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue> | undefined;
  readonly group: string | undefined;
  visibleAtMs: number;
  receives: number;
  /** The receipt of its last receive. Earlier receipts are invalid. */
  receipt: string;
}

interface SimQueue {
  messages: StoredMessage[];
  readonly pollers: Set<() => void>;
  readonly maxReceives: number;
  readonly deadLetters: SimQueue | undefined;
}

/** One in this many messages is delivered twice: SQS guarantees at least one delivery. */
const DOUBLED = 200;
/** One in this many entries of a batch is refused. */
const REFUSED = 20;

/** The SQS operations that the adapters use, as AWS documents them for standard queues. */
export class SimSqs {
  readonly #world: World;
  readonly #actor: Actor;
  readonly #tasks: SimQueue;
  readonly #deadLetters: SimQueue;
  #messages = 0;
  /** The group of each flow. */
  readonly #groups = new Map<string, string>();
  #entries = 0;
  #receipts = 0;

  constructor(world: World, maxReceives: number) {
    this.#world = world;
    this.#actor = world.host('queue').actor;
    const queue = (deadLetters?: SimQueue): SimQueue => ({
      messages: [],
      pollers: new Set(),
      maxReceives,
      deadLetters,
    });
    this.#deadLetters = queue();
    this.#tasks = queue(this.#deadLetters);
  }

  get hasMessages(): boolean {
    return this.#tasks.messages.length + this.#deadLetters.messages.length > 0;
  }

  execute(command: unknown): object | Promise<object> {
    if (command instanceof SendMessageCommand) return this.#send(command);
    if (command instanceof SendMessageBatchCommand) return this.#sendMany(command);
    if (command instanceof ReceiveMessageCommand) return this.#receive(command);
    if (command instanceof DeleteMessageBatchCommand) return this.#delete(command);
    if (command instanceof ChangeMessageVisibilityCommand) return this.#hide(command);
    if (command instanceof ChangeMessageVisibilityBatchCommand) return this.#hideMany(command);
    if (command instanceof GetQueueAttributesCommand) return this.#count(command);
    throw new Error(`The simulated SQS does not know ${String(command)}.`);
  }

  #queue(url: string | undefined): SimQueue {
    return url?.endsWith('-dead-letters') ? this.#deadLetters : this.#tasks;
  }

  #send({ input }: SendMessageCommand): object {
    return { MessageId: this.#put(input.QueueUrl, input) };
  }

  #sendMany({ input }: SendMessageBatchCommand): object {
    const answer = { Successful: [] as object[], Failed: [] as object[] };
    for (const entry of input.Entries ?? []) {
      this.#entries += 1;
      const isRefused = this.#entries % REFUSED === this.#world.scenario.seed % REFUSED;
      if (isRefused) this.#world.brokerFaults += 1;
      if (isRefused) answer.Failed.push({ Id: entry.Id, Code: 'InternalError', SenderFault: false });
      else answer.Successful.push({ Id: entry.Id, MessageId: this.#put(input.QueueUrl, entry) });
    }
    return answer;
  }

  #put(url: string | undefined, message: Omit<SendMessageCommand['input'], 'QueueUrl'>): string {
    this.#messages += 1;
    this.#checkGroup(message);
    this.#add(this.#queue(url), {
      id: this.#messages,
      body: message.MessageBody ?? '',
      attributes: message.MessageAttributes,
      group: message.MessageGroupId,
      visibleAtMs: this.#world.engine.now + (message.DelaySeconds ?? 0) * 1000,
      receives: 0,
      receipt: '',
    });
    return String(this.#messages);
  }

  /** SQS is fair between groups only. */
  #checkGroup({ MessageBody = '', MessageGroupId }: Omit<SendMessageCommand['input'], 'QueueUrl'>): void {
    const { taskId, owner, priority } = decodeEnvelope(Buffer.from(MessageBody, 'base64'));
    const flow = flowOf(owner, priority);
    const group = this.#groups.get(flow) ?? MessageGroupId ?? '';
    this.#groups.set(flow, group);
    const isShared = [...this.#groups].some(([other, of]) => other !== flow && of === group);
    if (group !== '' && MessageGroupId === group && !isShared) return;
    const what = `a message of ${taskId}, of the flow ${flow}, is in the group ${MessageGroupId}`;
    this.#world.oracle.fail('every message is in the group of its flow', what);
  }

  #add(queue: SimQueue, message: StoredMessage): void {
    queue.messages.push(message);
    this.#wakeWhenVisible(queue, message);
  }

  #wakeWhenVisible(queue: SimQueue, { visibleAtMs }: StoredMessage): void {
    this.#world.engine.after(this.#actor, visibleAtMs - this.#world.engine.now, () => {
      for (const look of [...queue.pollers]) look();
    });
  }

  #receive({ input }: ReceiveMessageCommand): object | Promise<object> {
    const queue = this.#queue(input.QueueUrl);
    const found = this.#take(queue, input);
    const waitMs = (input.WaitTimeSeconds ?? 0) * 1000;
    if (found.length > 0 || waitMs === 0) return { Messages: found };
    return new Promise((resolve) => {
      const answer = (messages: Message[]) => {
        queue.pollers.delete(look);
        late.isCanceled = true;
        resolve({ Messages: messages });
      };
      const look = () => {
        const messages = this.#take(queue, input);
        if (messages.length > 0) answer(messages);
      };
      const late = this.#world.engine.after(this.#actor, waitMs, () => answer([]));
      queue.pollers.add(look);
    });
  }

  #take(
    queue: SimQueue,
    { MaxNumberOfMessages = 1, VisibilityTimeout = 30 }: ReceiveMessageCommand['input'],
  ): Message[] {
    const { engine } = this.#world;
    const taken: Message[] = [];
    for (const message of [...queue.messages]) {
      if (taken.length === MaxNumberOfMessages) break;
      if (message.visibleAtMs > engine.now) continue;
      if (queue.deadLetters && message.receives >= queue.maxReceives) {
        queue.messages.splice(queue.messages.indexOf(message), 1);
        this.#add(queue.deadLetters, { ...message, receives: 0 });
        continue;
      }
      this.#receipts += 1;
      message.receives += 1;
      message.receipt = `${message.id}:${this.#receipts}`;
      const isDoubled = this.#receipts % DOUBLED === this.#world.scenario.seed % DOUBLED;
      if (isDoubled) this.#world.brokerFaults += 1;
      message.visibleAtMs = engine.now + (isDoubled ? 20 : VisibilityTimeout * 1000);
      this.#wakeWhenVisible(queue, message);
      taken.push({
        Body: message.body,
        ReceiptHandle: message.receipt,
        Attributes: {
          ApproximateReceiveCount: String(message.receives),
          ...(message.group === undefined ? {} : { MessageGroupId: message.group }),
        },
        ...(message.attributes ? { MessageAttributes: message.attributes } : {}),
      });
    }
    return taken;
  }

  #delete({ input }: DeleteMessageBatchCommand): object {
    const queue = this.#queue(input.QueueUrl);
    for (const { ReceiptHandle } of input.Entries ?? []) {
      // SQS returns success for an expired receipt and deletes nothing.
      queue.messages = queue.messages.filter(({ receipt }) => receipt !== ReceiptHandle);
    }
    return { Failed: [] };
  }

  #hide({ input }: ChangeMessageVisibilityCommand): object {
    const code = this.#change(this.#queue(input.QueueUrl), input.ReceiptHandle, input.VisibilityTimeout ?? 0);
    if (code) throw Object.assign(new Error(code), { name: code, $fault: 'client' });
    return {};
  }

  #hideMany({ input }: ChangeMessageVisibilityBatchCommand): object {
    const queue = this.#queue(input.QueueUrl);
    const answer = { Successful: [] as object[], Failed: [] as object[] };
    for (const { Id, ReceiptHandle, VisibilityTimeout } of input.Entries ?? []) {
      const code = this.#change(queue, ReceiptHandle, VisibilityTimeout ?? 0);
      if (code) answer.Failed.push({ Id, Code: code, SenderFault: true });
      else answer.Successful.push({ Id });
    }
    return answer;
  }

  /** The error code; undefined when it was done. */
  #change(queue: SimQueue, receipt: string | undefined, seconds: number): string | undefined {
    const message = queue.messages.find((candidate) => candidate.receipt === receipt);
    if (!message) return 'ReceiptHandleIsInvalid';
    if (message.visibleAtMs <= this.#world.engine.now) return 'MessageNotInflight';
    message.visibleAtMs = this.#world.engine.now + seconds * 1000;
    this.#wakeWhenVisible(queue, message);
    return undefined;
  }

  #count({ input }: GetQueueAttributesCommand): object {
    const { messages } = this.#queue(input.QueueUrl);
    const visible = messages.filter(({ visibleAtMs }) => visibleAtMs <= this.#world.engine.now).length;
    return {
      Attributes: {
        ApproximateNumberOfMessages: String(visible),
        ApproximateNumberOfMessagesNotVisible: String(messages.length - visible),
        ApproximateNumberOfMessagesDelayed: '0',
      },
    };
  }
}
