import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadLetterQueueName, TASK_QUEUE, taskQueueName } from '#adapters/aws/index.ts';
import { isModelName, MAX_DEADLINE_SECONDS, MAX_MODEL_NAME_LENGTH } from '#core';

const modelName = fc
  .array(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { minLength: 1, maxLength: 5 })
  .map((words) => words.join('_'))
  .filter(isModelName);
/** Names that a careless suffix would confuse. */
const trickyName = fc.oneof(
  modelName,
  fc.constantFrom('a', 'a_tasks', 'a_dead', 'a_dead_letters', 'a_dead_letters_tasks'),
);

describe('the queues of models', () => {
  it('never share a name', () => {
    fc.assert(
      fc.property(fc.uniqueArray(trickyName, { minLength: 2, maxLength: 6 }), (models) => {
        const names = models.flatMap((model) => [taskQueueName('yard-', model), deadLetterQueueName('yard-', model)]);

        expect(new Set(names).size).toBe(models.length * 2);
      }),
    );
  });

  it('have names that SQS takes, whatever the model is called', () => {
    const longest = 'm'.repeat(MAX_MODEL_NAME_LENGTH);

    for (const name of [taskQueueName('p'.repeat(19), longest), deadLetterQueueName('p'.repeat(19), longest)]) {
      expect(name).toMatch(/^[A-Za-z0-9-]{1,80}$/);
    }
  });

  it('keep a message for longer than any task may wait', () => {
    expect(TASK_QUEUE.retentionSeconds).toBeGreaterThan(MAX_DEADLINE_SECONDS);
  });
});
