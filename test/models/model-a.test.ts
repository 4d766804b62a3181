import { describe, expect, it } from 'vitest';
import model from '#models/model_a/model.ts';
import { Role } from '#proto/models/model_a.ts';
import { InvalidInput } from '#runtime/define-model.ts';
import { run } from './support/run.ts';

const CONTEXT = { session_id: '', locale: '', attributes: {} };

describe('model_a', () => {
  it('processes a text', async () => {
    const answer = await run(model, { data: 'example' });

    expect(answer).toEqual({ message: 'Processed message: example' });
  });

  it('processes what the user said last, whatever the assistant said after it', async () => {
    const messages = [
      { role: Role.ROLE_SYSTEM, text: 'Be kind.' },
      { role: Role.ROLE_USER, text: 'first' },
      { role: Role.ROLE_UNSPECIFIED, text: 'second' },
      { role: Role.ROLE_ASSISTANT, text: 'third' },
    ];

    const answer = await run(model, { data: 'unused', messages });

    expect(answer.message).toBe('Processed message: second');
  });

  it('says in which surroundings', async () => {
    const context = { session_id: 's-1', locale: 'en-gb', attributes: { tenant: 'acme', channel: 'web' } };

    const answer = await run(model, { data: 'hello', context });

    expect(answer.message).toBe('Processed message: hello (session s-1, language en-GB, channel=web, tenant=acme)');
  });

  it('says nothing of empty surroundings', async () => {
    const answer = await run(model, { data: 'hello', context: CONTEXT });

    expect(answer.message).toBe('Processed message: hello');
  });

  it.each([
    ['an empty request', {}],
    [
      'a conversation without a word of the user',
      { data: 'x', messages: [{ role: Role.ROLE_SYSTEM, text: 'Be kind.' }] },
    ],
    ['a language that is none', { data: 'x', context: { ...CONTEXT, locale: 'not a language' } }],
    ['an overlong session id', { data: 'x', context: { ...CONTEXT, session_id: 's'.repeat(129) } }],
  ])('refuses %s for good', async (_, request) => {
    const answer = run(model, request);

    await expect(answer).rejects.toBeInstanceOf(InvalidInput);
  });
});
