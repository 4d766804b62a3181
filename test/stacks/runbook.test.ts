import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

it('has a heading for every alarm, and no heading of an alarm that is gone', async () => {
  const { template, models } = await synthesize('dev');
  const text = await readFile(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
  const headings = [...text.matchAll(/^## ([a-z-]+)$/gm)].map(([, heading]) => heading);

  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) =>
    models.reduce(
      (name, model) => name.replace(`${model.name}-`, ''),
      Properties.AlarmName.replace('modelyard-dev-', ''),
    ),
  );

  expect([...new Set(alarms)].toSorted()).toEqual(headings.toSorted());
});
