import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get } from './api.ts';
import { useSession } from './session.tsx';
import type { DetailedModel, Instance } from './types.ts';
import { Ago, duration, Empty, Failure, State, Table } from './ui.tsx';

export const INSTANCES_ROUTE = '/models/{model}/instances';

interface InstancesProps {
  readonly model: DetailedModel;
  readonly instances: readonly Instance[];
}

const TITLES = [
  'Instance',
  'State',
  'Variant',
  'Version',
  'Slots in use',
  'Mean run',
  'Memory',
  'Heartbeat',
  'Started',
  'Image',
];

/** The instances of a model, with the actions of operators. */
export function Instances({ model, instances }: InstancesProps) {
  const { may } = useSession();
  const client = useQueryClient();
  const path = `/models/${model.name}/instances`;
  const refresh = () => client.invalidateQueries({ queryKey: ['instances', model.name] });
  const draining = useMutation({
    mutationFn: (id: string) => get(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSettled: refresh,
  });
  const mayDrain = may('DELETE', '/models/{model}/instances/{id}');
  return (
    <>
      {may('POST', INSTANCES_ROUTE) ? <Launch model={model} onLaunch={refresh} /> : null}
      {draining.error ? <Failure error={draining.error} /> : null}
      {instances.length === 0 ? (
        <Empty>No instance runs. A request wakes the model, or launch one here.</Empty>
      ) : (
        <Table titles={mayDrain ? [...TITLES, 'Action'] : TITLES}>
          {instances.map((instance) => (
            <tr key={instance.id}>
              <td>
                <code>{instance.id}</code>
              </td>
              <td>
                <State state={instance.state} /> {instance.condition?.replaceAll('_', ' ')}
              </td>
              <td>{instance.variant ?? '–'}</td>
              <td>{instance.version ?? '–'}</td>
              <td>{instance.slots === null ? '–' : `${instance.in_flight ?? 0} of ${instance.slots}`}</td>
              <td>{duration(instance.service_ms)}</td>
              <td>{instance.memory_mib === null ? '–' : `${instance.memory_mib} MiB`}</td>
              <td>
                <Ago at={instance.last_heartbeat_at} />
              </td>
              <td>
                <Ago at={instance.started_at} />
              </td>
              <td>{instance.image}</td>
              {mayDrain ? (
                <td>
                  <button
                    type="button"
                    className="quiet"
                    aria-label={`Drain ${instance.id}`}
                    disabled={instance.state === 'draining'}
                    onClick={() => draining.mutate(instance.id)}
                  >
                    Drain
                  </button>
                </td>
              ) : null}
            </tr>
          ))}
        </Table>
      )}
    </>
  );
}

function Launch({ model, onLaunch }: { readonly model: DetailedModel; readonly onLaunch: () => Promise<void> }) {
  const [variant, setVariant] = useState('');
  const launching = useMutation({
    mutationFn: () =>
      get<Instance>(`/models/${model.name}/instances`, { method: 'POST', body: variant === '' ? {} : { variant } }),
    onSettled: onLaunch,
  });
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault();
        launching.mutate();
      }}
    >
      {model.variants.length > 0 ? (
        <label>
          Variant
          <select value={variant} onChange={(event) => setVariant(event.currentTarget.value)}>
            <option value="">default</option>
            {model.variants.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      ) : null}
      <button type="submit" disabled={launching.isPending}>
        Launch an instance
      </button>
      {launching.data ? <span role="status">{launching.data.id} is starting.</span> : null}
      {launching.error ? <Failure error={launching.error} /> : null}
    </form>
  );
}
