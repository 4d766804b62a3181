import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Modelyard } from '#client';
import { clientOptions } from './api.ts';
import { taskKey } from './task-query.ts';
import { isOver, type Task } from './types.ts';

/**
 * Follows a task by server-sent events, which update its query, and resolves parts of its result as they come. The query
 * polls besides, so nothing is lost where there are no events.
 */
export function useLiveTask(task: Task): readonly unknown[] {
  const client = useQueryClient();
  const [parts, setParts] = useState<readonly unknown[]>([]);
  const { id } = task;
  const isOpen = !isOver(task);
  useEffect(() => {
    if (!isOpen) return undefined;
    const stop = new AbortController();
    const follow = async () => {
      const { signal } = stop;
      for await (const event of new Modelyard(clientOptions()).events(id, { signal })) {
        const change = (next: (known: Task) => Task) =>
          client.setQueryData<Task>(taskKey(id), (known) => known && next(known));
        if (event.type === 'state') change((known) => ({ ...known, ...(event.task as Partial<Task>) }));
        if (event.type === 'progress') change((known) => ({ ...known, progress: event }));
        if (event.type === 'partial') setParts((known) => [...known, event.result].slice(-MAX_PARTS));
      }
    };
    // Recovery: the query goes on polling.
    void follow().catch(() => undefined);
    return () => stop.abort();
  }, [client, id, isOpen]);
  return parts;
}

const MAX_PARTS = 500;
