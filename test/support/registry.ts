import { HEARTBEAT_TTL_MS, type Instance, type Model } from '#core';

/** A ready instance of `model_a`. All times are now. */
export function anInstance(overrides: Partial<Instance> = {}): Instance {
  const now = Date.now();
  return {
    id: 'i1',
    model: 'model_a',
    state: 'ready',
    contractHash: 'c1',
    slots: 1,
    inFlight: 0,
    endpoint: 'http://127.0.0.1:1',
    image: 'test',
    runtimeVersion: 'test',
    startedAt: now,
    heartbeatAt: now,
    expiresAt: now + HEARTBEAT_TTL_MS,
    ...overrides,
  };
}

/** The first version of `model_a`, with one contract. */
export const aModel = (overrides: Partial<Model> = {}): Model => ({
  name: 'model_a',
  description: 'A model.',
  variants: [],
  limits: { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 2, acceptWhenAsleep: true },
  contracts: [{ hash: 'c1', requestMessage: 'models.model_a.Q', responseMessage: 'models.model_a.R' }],
  version: 1,
  ...overrides,
});
