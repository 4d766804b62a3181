import type { Modelyard, Task } from '#client';
import { instancesOf, modelNames } from './verbs/models.ts';

/** Newest tasks that are offered. */
const TASKS = 50;

/** Resolves with the words that may stand for an argument. `before` are the arguments before it. */
type Ask = (api: Modelyard, before: readonly string[]) => Promise<readonly string[]>;

const tasks: Ask = async (api) =>
  (await api.request<{ tasks: readonly Task[] }>('GET', `/tasks?limit=${TASKS}`)).tasks.map(({ id }) => id);

const deadLetters: Ask = async (api, [model = '']) => {
  const path = `/models/${encodeURIComponent(model)}/dead-letters`;
  return (await api.request<{ dead_letters: readonly Task[] }>('GET', path)).dead_letters.map(({ id }) => id);
};

const runs: Ask = async (api, [pipeline = '']) => {
  const path = `/pipelines/${encodeURIComponent(pipeline)}/runs`;
  return (await api.request<{ runs: readonly { readonly id: string }[] }>('GET', path)).runs.map(({ id }) => id);
};

const pipelines: Ask = async (api) =>
  (await api.request<{ pipelines: readonly { readonly name: string }[] }>('GET', '/pipelines')).pipelines.map(
    ({ name }) => name,
  );

/** Arguments and options of verbs, by name, whose words the API knows. */
export const KNOWN_WORDS: Readonly<Record<string, Ask>> = {
  model: modelNames,
  task: tasks,
  tasks: deadLetters,
  what: async (api) => (await Promise.all([modelNames(api), tasks(api, [])])).flat(),
  instance: async (api, [model = '']) => (await instancesOf(api, model)).map(({ id }) => id),
  pipeline: pipelines,
  run: runs,
};
