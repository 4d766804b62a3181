import { describe, expect, it } from 'vitest';
import { assertMay, type Principal, type Requirement } from '../../../lib/core/users/principal.ts';

const user: Principal = { id: 'u', name: 'ann', role: 'user' };
const anything: Requirement = { role: 'user', scopes: [], model: undefined };

const refusalOf = (principal: Partial<Principal>, required: Partial<Requirement>): string | undefined => {
  try {
    assertMay({ ...user, ...principal }, { ...anything, ...required });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'forbidden' });
    return (error as Error).message;
  }
};

describe('a caller', () => {
  it.each([
    ['user', 'user', true],
    ['user', 'operator', false],
    ['user', 'admin', false],
    ['operator', 'user', true],
    ['operator', 'operator', true],
    ['operator', 'admin', false],
    ['admin', 'operator', true],
    ['admin', 'admin', true],
  ] as const)('with the role %s may do what needs the role %s: %s', (role, required, may) => {
    const refusal = refusalOf({ role }, { role: required });

    expect(refusal).toBe(may ? undefined : `This needs the role ${required}.`);
  });

  it.each<[Partial<Principal>, Partial<Requirement>, string | undefined]>([
    [{}, { scopes: ['predict'] }, undefined],
    [{ scopes: ['read'] }, { scopes: ['predict', 'read'] }, undefined],
    [{ scopes: ['read', 'operate'] }, { scopes: ['predict', 'read'] }, undefined],
    [{ scopes: ['operate'] }, { scopes: ['predict', 'read'] }, 'This needs a key with the scope predict or read.'],
    [{ scopes: [] }, { scopes: ['read'] }, 'This needs a key with the scope read.'],
    [{ scopes: ['read'] }, { scopes: [] }, 'This needs a key without scopes.'],
    [{}, { model: 'model_a' }, undefined],
    [{ models: ['model_a', 'model_b'] }, { model: 'model_b' }, undefined],
    [{ models: ['model_a'] }, { model: 'model_b' }, 'This key is for other models.'],
    [{ models: ['model_a'] }, { model: 'model_a@2' }, undefined],
    [{ models: ['model_a'] }, { model: 'model_b@2' }, 'This key is for other models.'],
    [{ models: ['model_a'] }, { model: 'model_a@' }, 'This key is for other models.'],
    [{ models: ['model_a'] }, { model: 'model_a_v2' }, 'This key is for other models.'],
    [{ models: ['model_a'] }, {}, 'This key is for other models.'],
    [{ models: [] }, { model: 'model_a' }, 'This key is for other models.'],
  ])('with %j, where %j is required, is told %s', (principal, required, refusal) => {
    expect(refusalOf(principal, required)).toBe(refusal);
  });
});
