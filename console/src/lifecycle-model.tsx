import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { get } from './api.ts';
import { modelsQuery } from './models.ts';
import { Empty, Failure, Loading } from './ui.tsx';

interface PartOfModel<T> {
  /** `/models/{model}/{part}` is read every few seconds. */
  readonly part: string;
  readonly children: (model: string, data: T) => ReactNode;
}

/** A page of the lifecycle for a model that is chosen on it. */
export function PageOfModel<T>({ title, part, children }: PartOfModel<T> & { readonly title: string }) {
  const [chosen, choose] = useState<string>();
  const { data, error, isPending } = useQuery({ ...modelsQuery(), refetchInterval: false });
  const names = data?.models.map(({ name }) => name).filter((name) => !name.includes('@')) ?? [];
  const model = chosen ?? names[0];
  return (
    <>
      <h1>{title}</h1>
      {isPending ? <Loading /> : null}
      {error && !data ? <Failure error={error} /> : null}
      {data && names.length === 0 ? <Empty>No model has registered yet.</Empty> : null}
      {model === undefined ? null : (
        <form className="filters">
          <label>
            Model
            <select value={model} onChange={(event) => choose(event.currentTarget.value)}>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </form>
      )}
      {model === undefined ? null : (
        <Part<T> key={model} model={model} part={part}>
          {children}
        </Part>
      )}
    </>
  );
}

function Part<T>({ model, part, children }: PartOfModel<T> & { readonly model: string }) {
  const { data, error, isPending } = useQuery({
    queryKey: [part, model],
    queryFn: () => get<T>(`/models/${encodeURIComponent(model)}/${part}`),
    refetchInterval: 10_000,
  });
  if (isPending) return <Loading />;
  if (!data) return error ? <Failure error={error} /> : null;
  return children(model, data);
}
