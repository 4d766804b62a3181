import type { TaskConsumer } from '#core';
import type { SqsTaskConsumer, SqsTaskConsumerOptions } from './sqs-task-consumer.ts';

/** Loads the code of the consumer at its first receive, because most processes only send. */
export function lateTaskConsumer(options: SqsTaskConsumerOptions): TaskConsumer {
  let loading: Promise<SqsTaskConsumer> | undefined;
  async function load(): Promise<SqsTaskConsumer> {
    const module = await import('./sqs-task-consumer.ts');
    return new module.SqsTaskConsumer(options);
  }
  return {
    async receive(max) {
      loading ??= load();
      return (await loading).receive(max);
    },
    async close() {
      await (await loading)?.close();
    },
  };
}
