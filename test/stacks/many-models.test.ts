import { readFile } from 'node:fs/promises';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import type { ModelManifest } from '#catalog/manifest.ts';
import { resourcesOf, synthesize } from '#test/support/synthesize.ts';

/** Of the longest names that there may be, which differ by an underscore at most. */
const models = (count: number): ModelManifest[] =>
  Array.from({ length: count }, (_, at) => ({
    name: `${'m'.repeat(40 + Math.floor(at / 7))}_${'x'.repeat(at % 7)}y`.padEnd(48, 'z').slice(0, 48),
    description: 'One of many.',
  }));

const limitOf = async (stage: 'dev' | 'lean'): Promise<number> => {
  const page = await readFile(new URL('../../docs/6-aws.md', import.meta.url), 'utf8');
  const [, rest, lean] = /a stage holds at least (\d+) models \((\d+) on `lean`\)/.exec(page) ?? [];
  return Number(stage === 'lean' ? lean : rest);
};

const full = new Map<string, ReturnType<typeof synthesize>>();

/** The stage with as many models as its page says. */
function fullStage(stage: 'dev' | 'lean'): ReturnType<typeof synthesize> {
  const made = full.get(stage) ?? limitOf(stage).then((limit) => synthesize(stage, { models: models(limit) }));
  full.set(stage, made);
  return made;
}

describe.each(['dev', 'lean'] as const)('the stage %s', { timeout: 120_000 }, (stage) => {
  it('holds as many models as its page says, within the limits of AWS', async () => {
    const { app, stack, template } = await fullStage(stage);
    const json = template.toJSON();

    expect(Object.keys(json.Resources).length).toBeLessThanOrEqual(500);
    expect(JSON.stringify(json).length).toBeLessThan(1_000_000);
    for (const [, { Properties }] of resourcesOf(template, 'AWS::Lambda::Function')) {
      expect(JSON.stringify(Properties.Environment).length).toBeLessThan(4096);
    }
    for (const pack of [new AwsSolutionsChecks(app), new ServerlessChecks(app)]) {
      expect(pack.validateScope(stack).violations.map(({ ruleName }) => ruleName)).toEqual([]);
    }
  });

  it('calls no two things the same, and nothing by a longer name than AWS takes', async () => {
    const { template } = await fullStage(stage);
    const named = (type: string, property: string) =>
      resourcesOf(template, type).flatMap(([, { Properties }]) => Properties[property] ?? []);

    for (const [type, property, longest] of [
      ['AWS::SQS::Queue', 'QueueName', 80],
      ['AWS::ECS::Service', 'ServiceName', 255],
      ['AWS::ECS::TaskDefinition', 'Family', 255],
      ['AWS::CloudWatch::Alarm', 'AlarmName', 255],
    ] as const) {
      const names = named(type, property) as string[];
      expect(names.length, type).toBeGreaterThan(0);
      expect(new Set(names).size, type).toBe(names.length);
      expect(Math.max(...names.map(({ length }) => length)), type).toBeLessThanOrEqual(longest);
    }
  });

  it('gives every role its policy, and adds a resource only for one that is too long', async () => {
    const { template } = await fullStage(stage);

    template.resourceCountIs('AWS::IAM::Policy', 0);
    expect(resourcesOf(template, 'AWS::IAM::ManagedPolicy').length).toBeLessThanOrEqual(6);
  });

  it('says so when there are too many', async () => {
    const many = Array.from({ length: 40 }, (_, at) => ({ name: `model_${at}`, description: 'One too many.' }));
    const more = synthesize(stage, { models: many });

    await expect(more).rejects.toThrow(/Number of resources in stack .* is greater than allowed maximum of 500/);
  });
});
