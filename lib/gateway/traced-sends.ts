import {
  type AcceptTask,
  encodeEnvelope,
  inSpan,
  type ModelyardError,
  type QueuedMessage,
  readEnvelope,
  type Span,
  type TaskQueue,
  type TaskQueues,
  type Tracing,
} from '#core';
import type { Platform } from '#platform/platform.ts';

type Sending = Pick<Platform, 'queues' | 'accept'>;

interface TracedMessage {
  readonly message: QueuedMessage;
  readonly span: Span | undefined;
}

/** The queues of a platform, with a span for each message that is sent. The message continues the trace from there. */
export function tracedSends({ queues, accept }: Sending, tracing: Tracing | undefined): Sending {
  if (!tracing) return { queues, ...(accept ? { accept } : {}) };
  return { queues: tracedQueues(queues, tracing), ...(accept ? { accept: tracedAccept(accept, tracing) } : {}) };
}

const tracedAccept =
  (accept: AcceptTask, tracing: Tracing): AcceptTask =>
  (task, given) => {
    const { message, span } = traced(tracing, given);
    return inSpan(span, () => accept(task, message));
  };

const tracedQueues =
  (queues: TaskQueues, tracing: Tracing): TaskQueues =>
  (model) => {
    const queue = queues(model);
    const { sendMany, reserve } = queue;
    const manyOf: TaskQueue['sendMany'] = async (given) => {
      const sends = given.map((message) => traced(tracing, message));
      const errors = (await sendMany?.call(
        queue,
        sends.map(({ message }) => message),
      )) as readonly (ModelyardError | undefined)[];
      for (const [at, { span }] of sends.entries()) span?.end({ error: errors[at]?.code });
      return errors;
    };
    return {
      send: (given) => {
        const { message, span } = traced(tracing, given);
        return inSpan(span, () => queue.send(message));
      },
      ...(sendMany ? { sendMany: manyOf } : {}),
      ...(reserve ? { reserve: reserve.bind(queue) } : {}),
      consume: (options) => queue.consume(options),
      depth: () => queue.depth(),
    };
  };

/** Starts the span of a message. The message names it as the parent of what instances do. */
function traced(tracing: Tracing, message: QueuedMessage): TracedMessage {
  const envelope = readEnvelope(message.body);
  if (!envelope) return { message, span: undefined };
  const { model, taskId, requestId } = envelope;
  const span = tracing.start({
    name: `send ${model}`,
    kind: 'producer',
    parent: envelope.trace,
    attributes: {
      'messaging.operation.type': 'send',
      'messaging.operation.name': 'send',
      'messaging.destination.name': model,
      'messaging.message.id': taskId,
      'messaging.message.body.size': message.body.byteLength,
      'modelyard.task.id': taskId,
      'modelyard.request.id': requestId,
    },
  });
  return { message: { ...message, body: encodeEnvelope({ ...envelope, trace: span.context }) }, span };
}
