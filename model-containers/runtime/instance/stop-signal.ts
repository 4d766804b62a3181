/**
 * Aborts when this process is told to stop: by SIGTERM, or by the end of the parent that started it.
 * SIGINT is left to the parent: a terminal sends Ctrl-C to every process of the group at once.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  process.on('SIGINT', () => {
    if (!process.connected) stop.abort();
  });
  if (process.connected) process.on('disconnect', () => stop.abort());
  return stop.signal;
}
