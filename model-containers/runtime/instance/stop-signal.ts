/**
 * Aborts on SIGTERM, or when the parent process ends. Ctrl-C reaches this process and its parent; with a parent, SIGINT
 * is ignored here, because the parent stops this process.
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
