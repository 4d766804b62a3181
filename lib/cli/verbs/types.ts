import { Option } from 'commander';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';
import { pythonTypes } from '../types/python.ts';
import type { ModelSchemas } from '../types/schema.ts';
import { typescriptTypes } from '../types/typescript.ts';

const WRITERS = { typescript: typescriptTypes, python: pythonTypes } as const;

interface Listed {
  readonly name: string;
  /** Null for a model that has never started, whose contract is unknown. */
  readonly request_message: string | null;
}

interface Described {
  readonly schemas: Omit<ModelSchemas, 'model'>;
}

/** `types`: the types of every model, for `@modelyard/client` and the Python client. */
export const addTypes: AddVerb = (program, io) => {
  const languages = Object.keys(WRITERS);
  program
    .command('types')
    .addOption(new Option('--language <name>', 'the language').choices(languages).default('typescript'))
    .action(async ({ language }: { readonly language: keyof typeof WRITERS }, command) => {
      const { api, output } = await sessionOf(command, io);
      const { models } = await api.request<{ models: readonly Listed[] }>('GET', '/models?all=true');
      const known = models.filter(({ request_message: message }) => message !== null);
      const described = await Promise.all(
        known.map(async ({ name }) => {
          const { schemas } = await api.request<Described>('GET', `/models/${encodeURIComponent(name)}`);
          return { model: name, ...schemas };
        }),
      );
      const types = WRITERS[language](described);
      output.show({ types }, () => [types]);
    });
};
