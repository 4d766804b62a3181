import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';
import { synthesizeLifecycle } from '#test/support/synthesize-lifecycle.ts';

it('has under every heading what to look at and what to do', async () => {
  const text = await readFile(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

  const sections = text.split(/^## /m).slice(1);

  expect(sections.length).toBeGreaterThan(5);
  for (const section of sections.filter((part) => /^[a-z-]+\n/.test(part))) {
    const [, meaning, ...advice] = section.split('\n').filter((line) => line !== '');
    expect(meaning, section).toMatch(/^\*[A-Z].+\*/);
    expect([meaning, ...advice].join(' ').replace(/^\*.+?\*/, '').length, section).toBeGreaterThan(60);
  }
});

it.each(['dev', 'lean'] as const)('is found by what every alarm of the stage %s says', async (stage) => {
  const { template } = await synthesize(stage);
  const text = await readFile(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);

  for (const { AlarmName, AlarmDescription } of alarms) {
    const [, heading = ''] = /Runbook: ([a-z-]+)\.$/.exec(AlarmDescription) ?? [];
    expect(AlarmName.endsWith(heading), AlarmName).toBe(true);
    expect(text).toContain(`## ${heading}\n`);
  }
});

it('has a heading for every alarm, and no heading of an alarm that is gone', async () => {
  const { template, models } = await synthesize('dev');
  const { lifecycle } = (await synthesizeLifecycle('dev')).templates;
  const names = [...models.map(({ name }) => name), 'lifecycle', 'fertility'];
  const text = await readFile(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
  const headings = [...text.matchAll(/^## ([a-z-]+)$/gm)].map(([, heading]) => heading);

  const alarms = [template, lifecycle].flatMap((each) =>
    resourcesOf(each, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => {
      const name: string = Properties.AlarmName.replace('modelyard-dev-', '');
      const model = names.find((each) => ['dead-letters', 'oldest-task'].some((end) => name === `${each}-${end}`));
      return model === undefined ? name : name.slice(model.length + 1);
    }),
  );

  expect([...new Set(alarms)].toSorted()).toEqual(headings.toSorted());
});
