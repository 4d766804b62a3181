import type { Modelyard } from '#client';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

interface Model {
  readonly name: string;
  readonly state: string;
  readonly live_instances: number;
  readonly backlog: number | null;
  readonly failure?: { readonly reason: string } | null;
}

interface Instance {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly variant: string | null;
  readonly in_flight: number | null;
  readonly slots: number | null;
  readonly memory_mib: number | null;
  readonly version: string | null;
  readonly image: string;
}

/** Of every model, also those that sleep. */
export async function modelNames(api: Modelyard): Promise<readonly string[]> {
  const { models } = await api.request<{ models: readonly Model[] }>('GET', '/models?all=true');
  return models.map(({ name }) => name);
}

export async function instancesOf(api: Modelyard, model: string): Promise<readonly Instance[]> {
  const path = `/models/${encodeURIComponent(model)}/instances`;
  return (await api.request<{ instances: readonly Instance[] }>('GET', path)).instances;
}

/** `models` and `instances`. */
export const addModels: AddVerb = (program, io) => {
  program
    .command('models')
    .argument('[model]', 'the name of a model')
    .action(async (model: string | undefined, _, command) => {
      const { api, output } = await sessionOf(command, io);
      if (model !== undefined) {
        const shown = await api.request('GET', `/models/${encodeURIComponent(model)}`);
        return output.show(shown, () => [JSON.stringify(shown, null, 2)]);
      }
      const { models } = await api.request<{ models: readonly Model[] }>('GET', '/models?all=true');
      const cells = {
        model: ({ name }: Model) => name,
        state: ({ state }: Model) => state,
        instances: ({ live_instances }: Model) => live_instances,
        waiting: ({ backlog }: Model) => backlog,
        reason: ({ failure }: Model) => failure?.reason ?? '',
      };
      output.list(models, cells, 'There are no models. Add one by `modelyard init`.');
    });

  const instances = program.command('instances');
  instances
    .command('list', { isDefault: true })
    .description('lists the instances of a model, or of every model')
    .argument('[model]')
    .action(async (model: string | undefined, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const names = model === undefined ? await modelNames(api) : [model];
      const all = (await Promise.all(names.map((name) => instancesOf(api, name)))).flat();
      const cells = {
        instance: ({ id }: Instance) => id,
        model: ({ model: name }: Instance) => name,
        state: ({ state }: Instance) => state,
        variant: ({ variant }: Instance) => variant,
        version: ({ version }: Instance) => version,
        running: ({ in_flight }: Instance) => in_flight,
        slots: ({ slots }: Instance) => slots,
        'memory, mib': ({ memory_mib }: Instance) => memory_mib,
        image: ({ image }: Instance) => image,
      };
      output.list(all, cells, 'No instance runs. A request wakes a model, or `modelyard instances launch <model>`.');
    });
  instances
    .command('launch')
    .description('launches one more instance')
    .argument('<model>')
    .option('--variant <name>', 'a variant of the model')
    .action(async (model: string, { variant }: { variant?: string }, command) => {
      const { api, output } = await sessionOf(command, io);
      const path = `/models/${encodeURIComponent(model)}/instances`;
      const instance = await api.request<Instance>('POST', path, variant === undefined ? {} : { variant });
      output.show(instance, () => [`${instance.id} is starting.`]);
    });
  instances
    .command('drain')
    .description('lets an instance finish its work and stop')
    .argument('<model>')
    .argument('<instance>')
    .action(async (model: string, id: string, _, command) => {
      const { api, output } = await sessionOf(command, io);
      const path = `/models/${encodeURIComponent(model)}/instances/${encodeURIComponent(id)}`;
      const instance = await api.request('DELETE', path);
      output.show(instance ?? { id }, () => [`${id} finishes its work and stops.`]);
    });
};
