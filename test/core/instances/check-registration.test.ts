import { describe, expect, it } from 'vitest';
import { contractHash, contractOf } from '#contract';
import { isInstance, isModel, type Registration, registerInstance } from '#core';
import { createMemoryPlatform } from '#platform/memory.ts';
import { ModelARequest, ModelAResponse } from '#proto/models/model_a.ts';
import { aModel, anInstance } from '#test/support/registry.ts';

const CONTRACT = contractOf(ModelARequest, ModelAResponse);
const { name: _name, contracts: _contracts, version: _version, ...manifest } = aModel();

const registration = (): Registration => ({ instance: anInstance(), contract: CONTRACT, manifest });

/** A contract that names itself as it should. */
function rehashed(contract: Omit<Registration['contract'], 'hash'>): Registration['contract'] {
  return { ...contract, hash: contractHash(contract) };
}

describe('a malformed registration', () => {
  it.each<readonly [string, (good: Registration) => object]>([
    ['/instance/model', (good) => ({ instance: { ...good.instance, model: 'Not A Name' } })],
    ['/instance/id', (good) => ({ instance: { ...good.instance, id: 'a/b' } })],
    ['/instance/slots', (good) => ({ instance: { ...good.instance, slots: 0 } })],
    ['/instance/slots', (good) => ({ instance: { ...good.instance, slots: '4' } })],
    ['/instance/inFlight', (good) => ({ instance: { ...good.instance, inFlight: -1 } })],
    ['/instance/serviceMs', (good) => ({ instance: { ...good.instance, serviceMs: Number.NaN } })],
    ['/instance/state', (good) => ({ instance: { ...good.instance, state: 'sleepy' } })],
    ['/instance/variant', (good) => ({ instance: { ...good.instance, variant: 'Oracle' } })],
    ['/instance/endpoint', (good) => ({ instance: { ...good.instance, endpoint: undefined } })],
    [
      '/manifest/limits/maxAttempts',
      () => ({ manifest: { ...manifest, limits: { ...manifest.limits, maxAttempts: 0 } } }),
    ],
    ['/manifest/variants', () => ({ manifest: { ...manifest, variants: ['A', 'A'] } })],
    ['/manifest', () => ({ manifest: null })],
    ['/contract/hash', () => ({ contract: { ...CONTRACT, hash: 'f'.repeat(64) } })],
    ['/contract/requestMessage', () => ({ contract: rehashed({ ...CONTRACT, requestMessage: '' }) })],
    [
      '/contract/descriptorSet',
      () => ({ contract: rehashed({ ...CONTRACT, responseMessage: 'models.model_a.Other' }) }),
    ],
    ['/contract/descriptorSet', () => ({ contract: rehashed({ ...CONTRACT, descriptorSet: Uint8Array.of(1, 2, 3) }) })],
  ])('is refused with the pointer %s, and nothing of it is kept', async (pointer, spoil) => {
    const platform = createMemoryPlatform();
    const good = registration();

    const refused = registerInstance(platform, { ...good, ...spoil(good) } as Registration);

    await expect(refused).rejects.toMatchObject({ code: 'invalid_request', retryable: false, errors: [{ pointer }] });
    expect(await platform.registry.snapshot()).toEqual({ models: [], instances: [] });
  });

  it('says in one sentence what is wrong', async () => {
    const instance = { ...anInstance(), slots: 1.5 };

    const refused = registerInstance(createMemoryPlatform(), { ...registration(), instance });

    await expect(refused).rejects.toThrow(
      'The registration is malformed: instance.slots must be a whole number of at least 1.',
    );
  });
});

describe('rows of a registry', () => {
  it('are taken for what they are', () => {
    expect([isModel(aModel({ wakingUntil: 1, title: 'A' })), isInstance(anInstance({ oldestTaskAt: 1 }))]).toEqual([
      true,
      true,
    ]);
  });

  it.each([
    undefined,
    null,
    7,
    [],
    {},
    { name: 'model_a' },
    { ...aModel(), contracts: [] },
    { ...aModel(), limits: 1 },
  ])('are no models when they are %j', (row) => {
    expect(isModel(row)).toBe(false);
  });

  it('say why an instance makes no progress in one of two words', () => {
    const conditions = ['model_blocked', 'model_restarting', undefined, 'model_tired'];

    expect(conditions.map((condition) => isInstance({ ...anInstance(), condition }))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it.each([undefined, 'x', {}, { ...anInstance(), expiresAt: 'soon' }, { ...anInstance(), model: '' }])(
    'are no instances when they are %j',
    (row) => {
      expect(isInstance(row)).toBe(false);
    },
  );
});
