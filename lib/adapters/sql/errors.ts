import { ModelyardError, unavailable } from '#core';

/** Rejects with `store_unavailable` for whatever the database or its driver throws, unless that is one of our errors. */
export async function translated<T>(message: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof ModelyardError ? error : unavailable('store_unavailable', message, error);
  }
}
