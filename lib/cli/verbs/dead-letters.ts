import type { Task } from '#client';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

const pathOf = (model: string): string => `/models/${encodeURIComponent(model)}/dead-letters`;

/** `dead-letters [list|redrive] <model>`. */
export const addDeadLetters: AddVerb = (program, io) => {
  const letters = program.command('dead-letters');
  letters
    .command('list', { isDefault: true })
    .description('lists the dead letters of a model')
    .argument('<model>')
    .action(async (model: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const { dead_letters: all } = await api.request<{ dead_letters: readonly Task[] }>('GET', pathOf(model));
      const cells = {
        task: ({ id }: Task) => id,
        'given up': ({ ended_at }: Task) => ended_at,
        runs: ({ attempts }: Task) => attempts,
        error: ({ error }: Task) => `${error?.code}: ${error?.message}`,
      };
      output.list(all, cells, `No task of ${model} was given up.`);
    });
  letters
    .command('redrive')
    .description('runs dead letters again: those named, or all')
    .argument('<model>')
    .argument('[tasks...]')
    .action(async (model: string, ids: readonly string[], _, command) => {
      const { api, output } = await sessionOf(command, io);
      const body = ids.length === 0 ? {} : { ids };
      const answer = await api.request<{ redriven: readonly string[]; refused: readonly unknown[] }>(
        'POST',
        `${pathOf(model)}/redrive`,
        body,
      );
      output.show(answer, () => [`${answer.redriven.length} run again, ${answer.refused.length} refused.`]);
    });
};
