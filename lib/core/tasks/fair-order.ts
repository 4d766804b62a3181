/** In the order of importance. */
export const PRIORITIES = ['low', 'normal', 'high'] as const;

export type Priority = (typeof PRIORITIES)[number];

/** Distance of the turns of two consecutive tasks of a flow. */
export const TURN_COST: Readonly<Record<Priority, number>> = { high: 5, normal: 20, low: 80 };

/** Tasks of one owner and one priority. Flows take turns; the tasks of a flow keep their order. */
export const flowOf = (group: string, priority: Priority = 'normal'): string =>
  priority === 'normal' ? group : `${priority} ${group}`;

export interface FlowPosition {
  /** The highest turn that was delivered from the queue; 0 before the first. */
  readonly served: number;
  /** The highest turn of the tasks that the flow has in the queue. Absent if it has none. */
  readonly last?: number | undefined;
}

/**
 * The turn of a new task. The task with the lowest turn is delivered first, the older one of two with the same. This is
 * self-clocked fair queueing: a flow without tasks comes next, however many tasks other flows have. While all levels
 * wait, 16 high tasks run for 4 normal ones and 1 low one. No flow starves, because turns only rise.
 */
export function turnOf({ served, last = Number.NEGATIVE_INFINITY }: FlowPosition, priority: Priority = 'normal') {
  // One less, so that the only task of a flow comes before the next one of a flow with the same cost.
  return Math.max(served - 1, last) + TURN_COST[priority];
}
