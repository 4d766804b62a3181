import type { QueryClient } from '@tanstack/react-query';
import { get } from './api.ts';
import { type ListEvent, pollEvery, useLiveLists } from './live-lists.ts';
import { type ModelStats, statsQuery } from './stats.ts';
import type { Instance, Model } from './types.ts';

interface ModelList {
  readonly models: readonly Model[];
}

interface InstanceList {
  readonly instances: readonly Instance[];
}

/** All models by name. */
export const modelsQuery = ({ isOperator = false, isLive = false } = {}) => ({
  queryKey: ['models', isOperator],
  queryFn: () => get<ModelList>(`/models?all=true${isOperator ? '&dead_letters=true' : ''}`),
  refetchInterval: pollEvery(2_000, isLive),
});

export const instancesQuery = (model: string, isLive: boolean) => ({
  queryKey: ['instances', model],
  queryFn: () => get<InstanceList>(`/models/${model}/instances`),
  refetchInterval: pollEvery(2_000, isLive),
});

/** Keeps models, instances and statistics up to date. Resolves with whether events come. */
export const useLiveModels = (): boolean => useLiveLists('of=models', applyToModels);

function applyToModels(client: QueryClient, events: readonly ListEvent[]): void {
  const change = (next: (known: readonly Model[]) => readonly Model[]) =>
    client.setQueriesData<ModelList>({ queryKey: ['models'] }, (known) => known && { models: next(known.models) });
  for (const { name, data } of events) {
    if (name === 'model') {
      const model = data as Model;
      change((known) => withModel(known, model));
      // Its page shows more than the list.
      void client.invalidateQueries({ queryKey: ['model', model.name] });
    }
    if (name === 'models') {
      const names = new Set((data as { readonly names: readonly string[] }).names);
      change((known) => known.filter((model) => names.has(model.name)));
    }
    if (name === 'instances') {
      const { model, instances } = data as InstanceList & { readonly model: string };
      client.setQueryData<InstanceList>(['instances', model], { instances });
    }
    if (name === 'stats') {
      const stats = data as ModelStats & { readonly model: string };
      client.setQueryData<ModelStats>(statsQuery(stats.model).queryKey, stats);
    }
  }
}

const withModel = (known: readonly Model[], model: Model): readonly Model[] =>
  [...known.filter(({ name }) => name !== model.name), model].sort((a, b) => (a.name < b.name ? -1 : 1));
