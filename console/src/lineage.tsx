import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import type { Task } from './types.ts';
import { Failure, JsonView, Loading } from './ui.tsx';

/** The version and the data behind a prediction, where the lifecycle is on. */
export function Lineage({ task }: { readonly task: Task }) {
  const { may } = useSession();
  const [isOpen, setOpen] = useState(false);
  const lineage = useQuery({
    queryKey: ['lineage', task.id],
    queryFn: () => get(`/tasks/${encodeURIComponent(task.id)}/lineage`),
    enabled: isOpen,
  });
  if (task.state !== 'succeeded' || !may('GET', '/tasks/{id}/lineage')) return null;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Lineage</summary>
      {lineage.isFetching ? <Loading /> : null}
      {lineage.error ? <Failure error={lineage.error} /> : null}
      {lineage.data ? <JsonView name="lineage" value={lineage.data} /> : null}
    </details>
  );
}
