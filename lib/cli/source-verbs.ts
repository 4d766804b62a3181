import type { AddVerb } from './program.ts';

/** Verbs that run or change what is in the sources of Modelyard. The published package has others in their place. */
export const loadSourceVerb: Readonly<Record<'start' | 'init' | 'cost', () => Promise<AddVerb>>> = {
  start: async () => (await import('./verbs/start.ts')).addStart,
  init: async () => (await import('./init/init-command.ts')).addInit,
  cost: async () => (await import('./verbs/cost.ts')).addCost,
};
