import { describe, expect, it } from 'vitest';
import { DEFAULT_RULE, isDeployment, withoutRejected } from '#core';

const [OLD, NEXT] = [
  { version: '1', artifact: 'a' },
  { version: '2', artifact: 'b' },
];
const CANDIDATE = {
  ...NEXT,
  ...({ strategy: 'canary', share: 0.1, key: 'task', rule: DEFAULT_RULE, startedAt: 1 } as const),
};
const GUARD = { ...OLD, rule: DEFAULT_RULE, startedAt: 1, until: 9 };
const REJECTED = { version: '2', reasons: ['It failed.'], at: 5 };

describe('a deployment of a registry', () => {
  it.each([
    OLD,
    { ...OLD, candidate: CANDIDATE },
    { ...OLD, candidate: { ...CANDIDATE, strategy: 'shadow', share: 1, key: 'entity' } },
    { ...NEXT, guard: GUARD },
    { ...OLD, rejected: REJECTED },
  ])('is known: %o', (value) => {
    expect(isDeployment(value)).toBe(true);
  });

  it.each([
    undefined,
    'version',
    { version: '1' },
    { artifact: 'a' },
    { ...OLD, version: 1 },
    { ...OLD, artifact: 1 },
    ...[
      null,
      OLD,
      { ...CANDIDATE, version: 2 },
      { ...CANDIDATE, artifact: undefined },
      { ...CANDIDATE, strategy: 'blue' },
      { ...CANDIDATE, share: 0 },
      { ...CANDIDATE, share: 1.1 },
      { ...CANDIDATE, share: '1' },
      { ...CANDIDATE, key: 'user' },
      { ...CANDIDATE, rule: undefined },
      { ...CANDIDATE, startedAt: '1' },
    ].map((candidate) => ({ ...OLD, candidate })),
    ...[null, OLD, { ...GUARD, version: 1 }, { ...GUARD, rule: 3 }, { ...GUARD, until: undefined }].map((guard) => ({
      ...NEXT,
      guard,
    })),
    { ...OLD, rejected: '2' },
    { ...OLD, rejected: { version: 2 } },
  ])('is refused: %o', (value) => {
    expect(isDeployment(value)).toBe(false);
  });
});

describe('a rejected version', () => {
  const rejected = { ...REJECTED, startedAt: 1 };

  it('leaves the deployed one or gives way to the one before', () => {
    expect(withoutRejected({ ...OLD, candidate: CANDIDATE }, REJECTED)).toEqual({ ...OLD, rejected });
    expect(withoutRejected({ ...NEXT, guard: GUARD }, REJECTED)).toEqual({ ...OLD, rejected });
  });

  it('is not rolled out any more where it is neither', () => {
    expect(withoutRejected(NEXT, REJECTED)).toBeUndefined();
    expect(withoutRejected({ ...OLD, candidate: { ...CANDIDATE, version: '3' } }, REJECTED)).toBeUndefined();
    expect(withoutRejected({ ...OLD, guard: { ...GUARD, version: '0' } }, REJECTED)).toBeUndefined();
  });

  it('may be rolled out again, which the earlier rejection does not end', () => {
    const ofSameRollout = true;
    const again = { ...OLD, candidate: { ...CANDIDATE, startedAt: 2 } };

    expect(withoutRejected(again, rejected, { ofSameRollout })).toBeUndefined();
    expect(withoutRejected(again, rejected)).toMatchObject({ rejected: { startedAt: 2 } });
    expect(withoutRejected({ ...OLD, candidate: CANDIDATE }, rejected, { ofSameRollout })).toEqual({
      ...OLD,
      rejected,
    });
  });
});
