import type { AwsConnection } from '#adapters/aws/index.ts';
import type { LifecycleStores } from './platform.ts';

export interface LifecyclePlace {
  /** The place of database and artifact files, unless the environment names other stores. @default none */
  readonly folder?: string;
  /** Of an emulator of AWS. @default as the SDK finds it */
  readonly connection?: Pick<AwsConnection, 'region' | 'credentials'>;
}

/**
 * The stores of the lifecycle, opened at the first call and again after a failure. No code of the lifecycle is loaded
 * before.
 */
export function lateLifecycle(environment: NodeJS.ProcessEnv, place: LifecyclePlace = {}) {
  let stores: Promise<LifecycleStores> | undefined;

  async function open(): Promise<LifecycleStores> {
    const { openLifecycleStores } = await import('./lifecycle-stores.ts');
    return openLifecycleStores(environment, place);
  }

  return {
    async lifecycle(): Promise<LifecycleStores> {
      stores ??= open();
      try {
        return await stores;
      } catch (error) {
        stores = undefined;
        throw error;
      }
    },
    async closeLifecycle(): Promise<void> {
      // Recovery: stores that could not be opened need not be closed.
      const opened = await stores?.catch(() => undefined);
      await opened?.close();
    },
  };
}
