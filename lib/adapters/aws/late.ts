type Callable = (...given: unknown[]) => unknown;

/** Functions of an object that is loaded once, by the first call of one of them. */
export function late<T extends object, M extends keyof T>(load: () => Promise<T>, methods: readonly M[]): Pick<T, M> {
  let loading: Promise<T> | undefined;
  const call =
    (method: M) =>
    async (...given: unknown[]) => {
      loading ??= load();
      const loaded = (await loading) as Record<M, Callable>;
      return loaded[method](...given);
    };
  return Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as Pick<T, M>;
}
