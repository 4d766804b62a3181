import { Option } from 'commander';
import type { Task, TaskState } from '#client';
import { wholeNumber } from '../arguments.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';
import { follow } from './predict.ts';

interface ListOptions {
  readonly model?: string;
  readonly state?: TaskState;
  readonly limit: number;
  readonly all?: boolean;
  readonly user?: string;
}

const STATES: readonly TaskState[] = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'];

/** `tasks [list|show|watch|cancel|retry]`. */
export const addTasks: AddVerb = (program, io) => {
  const tasks = program.command('tasks');
  tasks
    .command('list', { isDefault: true })
    .description('lists my tasks, newest first')
    .option('--model <name>', 'only tasks of this model')
    .addOption(new Option('--state <state>', 'only tasks in this state').choices(STATES))
    .option('--limit <number>', 'at most so many, 1 to 100', wholeNumber(1, 100), 20)
    .option('--all', 'those of every user, for admins')
    .option('--user <name>', 'those of one user, for admins')
    .action(async (options: ListOptions, command) => {
      const { api, output } = await sessionOf(command, io);
      const query = new URLSearchParams({
        limit: String(options.limit),
        ...(options.model === undefined ? {} : { model: options.model }),
        ...(options.state === undefined ? {} : { state: options.state }),
        ...(options.user === undefined ? {} : { user: options.user }),
        ...(options.all ? { all: 'true' } : {}),
      });
      const { tasks: page } = await api.request<{ tasks: readonly Task[] }>('GET', `/tasks?${query}`);
      const cells = {
        task: ({ id }: Task) => id,
        model: ({ model }: Task) => model,
        state: ({ state }: Task) => state,
        submitted: ({ created_at }: Task) => created_at,
        ms: ({ timings }: Task) => timings.total_ms,
        error: ({ error }: Task) => error?.code ?? '',
      };
      output.list(page, cells, 'There are no tasks. Submit one by `modelyard predict`.');
    });
  tasks
    .command('show')
    .description('prints one task with its result')
    .argument('<task>')
    .action(async (id: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const task = await api.request('GET', `/tasks/${encodeURIComponent(id)}`);
      output.show(task, () => [JSON.stringify(task, null, 2)]);
    });
  tasks
    .command('watch')
    .description('prints every change of a task until it has ended')
    .argument('<task>')
    .action(async (id: string, _, command) => follow(await sessionOf(command, io), id));
  for (const verb of ['cancel', 'retry'] as const) {
    tasks
      .command(verb)
      .description(verb === 'cancel' ? 'cancels a task that has not ended' : 'runs a failed or expired task again')
      .argument('<task>')
      .action(async (id: string, _, command) => {
        const { api, output } = await sessionOf(command, io);
        const task = await api.request<Task>('POST', `/tasks/${encodeURIComponent(id)}/${verb}`);
        output.show(task, () => [`${task.id}  ${task.state}`]);
      });
  }
};
