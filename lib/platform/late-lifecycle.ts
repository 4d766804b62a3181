import type { LifecycleStores } from './platform.ts';

/**
 * The stores of the lifecycle, opened at the first call and again after a failure. `folder`: the place of database and
 * artifact files, unless the environment names other stores. No code of the lifecycle is loaded before.
 */
export function lateLifecycle(environment: NodeJS.ProcessEnv, folder?: string) {
  let stores: Promise<LifecycleStores> | undefined;

  async function open(): Promise<LifecycleStores> {
    const { openLifecycleStores } = await import('./lifecycle-stores.ts');
    return openLifecycleStores(environment, folder);
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
