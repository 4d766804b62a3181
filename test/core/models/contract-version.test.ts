import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contractVersionOf,
  exactAddress,
  isVersionedName,
  modelAddress,
  parseAddress,
  publicName,
  versionedName,
} from '#core';
import { isAddressOf } from '../../../lib/core/models/contract-version.ts';

const anyVersion = fc.record({
  model: fc.constantFrom('churn', 'model_a', 'a1', 'x_v', 'v2'),
  version: fc.integer({ min: 1, max: 999 }),
});

describe('a contract version', () => {
  it('has a name of its own, an exact address, and a public name without 1', () => {
    fc.assert(
      fc.property(anyVersion, (chosen) => {
        const { model, version } = chosen;
        const name = versionedName(chosen);

        expect(contractVersionOf(name)).toEqual(chosen);
        expect(isVersionedName(name)).toBe(version > 1);
        expect(exactAddress(name)).toBe(`${model}@${version}`);
        expect(publicName(name)).toBe(version === 1 ? model : `${model}@${version}`);
        expect(parseAddress(exactAddress(name))).toEqual(chosen);
        expect(parseAddress(model)).toEqual({ model });
      }),
    );
  });

  it.each([
    '',
    '@2',
    'churn@',
    'churn@0',
    'churn@01',
    'churn@1000',
    'churn@x',
    'churn@2@3',
    'churn_v2',
    'churn_v2@3',
    'Churn',
    'a b',
  ])('is not meant by %o', (address) => {
    expect(parseAddress(address)).toBeUndefined();
    expect(modelAddress(address)).toBe('a name like churn or churn@2');
  });

  it('is a rule for texts', () => {
    expect(modelAddress('churn@2')).toBeUndefined();
    expect(modelAddress('churn')).toBeUndefined();
    expect(modelAddress(['churn'])).toBe('a name like churn or churn@2');
    expect(modelAddress(undefined)).toBe('a name like churn or churn@2');
  });

  it.each([
    ['churn', 'churn', true],
    ['churn', 'churn_v2', true],
    ['churn@2', 'churn_v2', true],
    ['churn@1', 'churn', true],
    ['churn@2', 'churn', false],
    ['churn@1', 'churn_v2', false],
    ['other', 'churn', false],
    ['other@2', 'churn_v2', false],
    ['not a name', 'churn', false],
  ])('of the address %s is the model %s: %o', (address, name, isMeant) => {
    expect(isAddressOf(address, name)).toBe(isMeant);
  });
});
