/** `batching` of a measured model: `BENCH_BATCH` is the largest batch, and without it the model has none. */
export const batchingOf = (size = process.env.BENCH_BATCH) =>
  size === undefined ? {} : { batching: { maxSize: Number(size), maxWaitMs: 5 } };
