import { expect, it } from 'vitest';
import { embeddedMetrics } from '../../lambdas/embedded-metrics.ts';

it('writes a count as the embedded metric format has it', () => {
  const lines: string[] = [];
  const metrics = embeddedMetrics({ namespace: 'Modelyard', service: 'modelyard', write: (line) => lines.push(line) });

  metrics.count('SubmitsRefused', { outcome: 'backlog_full' });

  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'Modelyard',
            Dimensions: [['service', 'outcome']],
            Metrics: [{ Name: 'SubmitsRefused', Unit: 'Count' }],
          },
        ],
      },
      service: 'modelyard',
      outcome: 'backlog_full',
      SubmitsRefused: 1,
    },
  ]);
});
