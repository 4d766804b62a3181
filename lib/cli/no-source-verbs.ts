import type { AddVerb } from './program.ts';

const NEEDED =
  'needs the sources of Modelyard: clone its repository, run `npm ci` there, and then this. ' +
  'The installed package talks to an API by --url.';

const needsSources =
  (name: string): AddVerb =>
  (program) => {
    program
      .command(name)
      .argument('[options...]')
      .allowUnknownOption()
      .action(() => {
        throw new Error(`\`modelyard ${name}\` ${NEEDED}`);
      });
  };

/** In place of `source-verbs.ts` in the published package. */
export const loadSourceVerb: Readonly<Record<'start' | 'init' | 'cost', () => Promise<AddVerb>>> = {
  start: async () => needsSources('start'),
  init: async () => needsSources('init'),
  cost: async () => needsSources('cost'),
};
