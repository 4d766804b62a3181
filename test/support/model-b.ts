import { contractOf } from '#contract';
import { beat, type ModelLimits, registerInstance } from '#core';
import { ModelBRequest, ModelBResponse } from '#proto/models/model_b.ts';

export const CONTRACT = contractOf(ModelBRequest, ModelBResponse);

const LIMITS: ModelLimits = { maxAttempts: 3, timeoutSeconds: 60, maxInstances: 10, acceptWhenAsleep: true };
const INSTANCE = {
  id: 'i-1',
  model: 'model_b',
  state: 'ready',
  slots: 1,
  inFlight: 0,
  endpoint: 'http://127.0.0.1:1',
  image: 'node',
  runtimeVersion: '0',
} as const;

interface Options {
  readonly limits?: Partial<ModelLimits>;
  readonly variants?: readonly string[];
  /** Its name with the contract version. @default 'model_b' */
  readonly name?: string;
  /** Milliseconds since its last heartbeat. @default 0 */
  readonly ageMs?: number;
}

/** Registers `model_b` with one instance, which runs nothing. */
export async function registerModelB(
  platform: Parameters<typeof registerInstance>[0],
  { limits = {}, variants = [], name = 'model_b', ageMs = 0 }: Options = {},
): Promise<void> {
  const now = platform.clock.now();
  const [variant] = variants;
  const instance = { ...INSTANCE, model: name, startedAt: now, ...(variant === undefined ? {} : { variant }) };
  const manifest = { description: 'Takes its time.', variants, limits: { ...LIMITS, ...limits } };
  await registerInstance(platform, { instance, contract: CONTRACT, manifest });
  await platform.registry.putInstance(beat({ ...instance, contractHash: CONTRACT.hash }, now - ageMs));
}
