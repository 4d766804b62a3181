import { describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '#core';
import { createAttemptLog } from '#runtime/worker/worker-observer.ts';

function recording() {
  const lines: (readonly [string, string, LogFields | undefined])[] = [];
  const write = (level: string) => (message: string, fields?: LogFields) => void lines.push([level, message, fields]);
  const logger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { lines, logger };
}

describe('the log of attempts', () => {
  it('tells of a success with its task and where the time went', () => {
    const { lines, logger } = recording();

    createAttemptLog(logger).attemptEnded({ outcome: 'succeeded', taskId: 't', attempt: 1, queuedMs: 3, runMs: 2 });

    expect(lines).toEqual([['info', 'Task succeeded.', { taskId: 't', attempt: 1, queuedMs: 3, runMs: 2 }]]);
  });

  it('warns of a failure with its reason', () => {
    const { lines, logger } = recording();
    const error = { code: 'model_error', message: 'The weights melted.', retryable: true };

    createAttemptLog(logger).attemptEnded({ outcome: 'retried', taskId: 't', attempt: 2, error });

    expect(lines).toEqual([
      [
        'warn',
        'Attempt failed; the task will be retried.',
        { taskId: 't', attempt: 2, code: 'model_error', reason: 'The weights melted.' },
      ],
    ]);
  });
});
