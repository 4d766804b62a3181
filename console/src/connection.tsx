import { useQuery } from '@tanstack/react-query';
import { ApiError, send } from './api.ts';

/** A check that takes longer counts as no answer: a frozen API accepts connections. */
const CHECK_MS = 4_000;

/** Says that the API is away or has lost its stores, and when it is back. */
export function Connection() {
  const { error } = useQuery({
    queryKey: ['readiness'],
    queryFn: async () => (await send('/readyz', { withinMs: CHECK_MS })).status,
    refetchInterval: 3_000,
    retry: false,
  });
  return (
    <div role="status" className="connection">
      {error ? `${troubleOf(error)} This page shows the last known data and retries.` : null}
    </div>
  );
}

const troubleOf = (error: Error): string =>
  error instanceof ApiError ? `The API is not ready: ${error.message}` : 'The API does not answer.';
