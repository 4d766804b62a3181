import { get } from './api.ts';
import { isOver, type Task } from './types.ts';

export const taskKey = (id: string) => ['task', id];

/** Polls until the task has ended. */
export const taskQuery = (id: string) => ({
  queryKey: taskKey(id),
  queryFn: () => get<Task>(`/tasks/${encodeURIComponent(id)}`),
  refetchInterval: ({ state }: { readonly state: { readonly data: Task | undefined } }) =>
    state.data && isOver(state.data) ? (false as const) : 2_000,
});
