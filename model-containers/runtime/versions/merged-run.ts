import type { RunRequest } from '../backends/model-backend.ts';
import type { LiveRun, Outcome } from '../worker/model-life.ts';

/** Runs the requests of a batch in up to two groups, and presents both as one run. */
export function mergedRun(
  requests: readonly RunRequest[],
  isFirst: readonly boolean[],
  run: (requests: readonly RunRequest[], isFirst: boolean) => LiveRun,
): LiveRun {
  const [only] = isFirst;
  if (isFirst.every((each) => each === only)) return run(requests, only ?? false);
  const groups = [true, false].map((group) => {
    return { positions: [...requests.keys()].filter((at) => isFirst[at] === group), group };
  });
  const places = new Map<number, { readonly live: LiveRun; readonly at: number }>();
  const runs = groups.map(({ positions, group }) => {
    const live = run(
      positions.map((position) => requests[position] as RunRequest),
      group,
    );
    for (const [at, position] of positions.entries()) places.set(position, { live, at });
    return live;
  });
  return {
    outcomes: requests.map((_, position) => {
      const { live, at } = places.get(position) as { live: LiveRun; at: number };
      return live.outcomes[at] as Promise<Outcome>;
    }),
    abort(position, cause) {
      const place = places.get(position);
      place?.live.abort(place.at, cause);
    },
    // Requests of the other version were beside each of them, in another process.
    wasAlone: () => requests.length === 1,
    wasStalled: () => runs.some((live) => live.wasStalled()),
  };
}
