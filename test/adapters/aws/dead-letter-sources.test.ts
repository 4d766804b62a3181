import { ResourceInUseException } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { DeadLetterSources } from '#adapters/aws/dead-letter-sources.ts';
import type { awsSettingsFrom } from '#platform/aws.ts';
import { deadLetterSourcesFrom } from '#platform/aws-dead-letters.ts';

/** A Lambda with one event source. Answers what it was asked. */
function fakeLambda(state: 'Enabled' | 'Disabled') {
  const calls: string[] = [];
  const lambda = { state, isBusy: false };
  const client = {
    async send(command: { input: { UUID: string; Enabled?: boolean } }) {
      const { input } = command;
      calls.push(
        `${command.constructor.name.replace('EventSourceMappingCommand', '')} ${input.UUID} ${input.Enabled ?? ''}`.trim(),
      );
      if (lambda.isBusy) throw new ResourceInUseException({ message: 'Being updated.', $metadata: {} });
      if (input.Enabled !== undefined) lambda.state = input.Enabled ? 'Enabled' : 'Disabled';
      return { State: lambda.state };
    },
  };
  const sources = new DeadLetterSources({ client: client as never, sources: new Map([['model_a', 'one']]) });
  return { lambda, calls, sources };
}

describe('the source of dead letters', () => {
  it('is not touched while no letter waits', async () => {
    const { calls, sources } = fakeLambda('Disabled');

    for (let look = 0; look < 20; look++) await sources.follow('model_a', 0);

    expect(calls).toEqual(['Get one']);
  });

  it('is enabled with the first letter, and disabled after five looks without one', async () => {
    const { lambda, calls, sources } = fakeLambda('Disabled');

    for (const waiting of [0, 3, 1, 0, 0, 0, 0]) await sources.follow('model_a', waiting);
    expect(lambda.state).toBe('Enabled');
    await sources.follow('model_a', 0);

    expect(lambda.state).toBe('Disabled');
    expect(calls).toEqual(['Get one', 'Update one true', 'Update one false']);
  });

  it('that an earlier process has enabled is disabled too', async () => {
    const { lambda, sources } = fakeLambda('Enabled');

    for (let look = 0; look < 5; look++) await sources.follow('model_a', 0);

    expect(lambda.state).toBe('Disabled');
  });

  it('is asked again at the next look while Lambda still changes it', async () => {
    const { lambda, sources } = fakeLambda('Disabled');
    await sources.follow('model_a', 0);
    lambda.isBusy = true;
    await sources.follow('model_a', 1);
    lambda.isBusy = false;

    await sources.follow('model_a', 1);

    expect(lambda.state).toBe('Enabled');
  });

  it('of a model that has none is nobody’s business', async () => {
    const { calls, sources } = fakeLambda('Disabled');

    await sources.follow('elsewhere', 5);

    expect(calls).toEqual([]);
  });
});

it('a malformed list of sources is refused by its name', () => {
  const settings = {} as ReturnType<typeof awsSettingsFrom>;

  expect(deadLetterSourcesFrom({}, settings)).toBeUndefined();
  expect(() => deadLetterSourcesFrom({ MODELYARD_DEAD_LETTER_SOURCES: 'model_a' }, settings)).toThrow(
    /MODELYARD_DEAD_LETTER_SOURCES must list model=id/,
  );
});
