import { describe, expect, it } from 'vitest';
import { names, readPage, tableRows } from '#test/docs/pages.ts';
import { synthesize } from '#test/support/synthesize.ts';
import { STAGES, type StageConfig, type StageName } from '../../lib/stacks/stage-config.ts';

/** What no stage has by itself, but may have. */
const OPTIONS: Partial<StageConfig> = {
  network: 'private',
  monthlyBudget: 50,
  subscribers: [
    { kind: 'email', address: 'ann@example.org' },
    { kind: 'slack', workspace: 'T0123456789', channel: 'C0123456789' },
  ],
  api: { ...STAGES.dev.api, firewall: { requestsPerFiveMinutes: 3000 } },
};

async function typesOf(stage: StageName, config?: Partial<StageConfig>): Promise<string[]> {
  const { template } = await synthesize(stage, config && { config });
  return Object.values(template.toJSON().Resources as Record<string, { readonly Type: string }>).map(
    ({ Type }) => Type,
  );
}

describe('the page about the resources of a stage', () => {
  it('explains every kind that a stage can have, once, and no other', async () => {
    const stages = Object.keys(STAGES) as StageName[];
    const found = await Promise.all([...stages.map((stage) => typesOf(stage)), typesOf('dev', OPTIONS)]);
    const explained = tableRows(readPage('docs/aws-stack.md').text, 'resource').flatMap(([cell = '']) => names(cell));

    expect(explained.toSorted()).toEqual([...new Set(found.flat())].toSorted());
  });
});
