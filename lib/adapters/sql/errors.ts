import { ModelyardError, unavailable } from '#core';

/** Translates errors of the database and its driver into `store_unavailable`. */
export async function translated<T>(message: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof ModelyardError ? error : unavailable('store_unavailable', message, error);
  }
}
