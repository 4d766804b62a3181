import type { Argument, Command, Option } from 'commander';
import { KNOWN_WORDS } from './known-words.ts';

/** The hidden verb of `completion` that its scripts call for words that only the API knows. */
export const KNOWN = 'known';

/** The inner verb that is meant without one: its options can follow the outer verb. */
const MEANT = 'list';

/** What may follow the program, a verb or an inner verb. */
export interface Place {
  /** The verbs that lead here: none, `tasks` or `tasks show`. */
  readonly path: readonly string[];
  /** Inner verbs, and the choices of an argument. */
  readonly words: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly Option[];
  readonly args: readonly Argument[];
}

export const placesOf = (command: Command, path: readonly string[] = []): readonly Place[] => [
  {
    path,
    words: [
      ...verbsOf(command).map((verb) => ({ name: verb.name(), about: verb.summary() || verb.description() })),
      ...command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices.map((name) => ({ name, about: '' }))),
    ],
    options: meantBy(command).flatMap(({ options }) => options),
    args: meantBy(command).flatMap(({ registeredArguments }) => registeredArguments),
  },
  ...verbsOf(command).flatMap((verb) => placesOf(verb, [...path, verb.name()])),
];

const verbsOf = ({ commands }: Command): readonly Command[] => commands.filter((verb) => verb.name() !== KNOWN);
const meantBy = (command: Command): readonly Command[] => [
  command,
  ...command.commands.filter((verb) => verb.name() === MEANT),
];

interface Wanted {
  /** Undefined where the API knows no words. */
  readonly ask: (typeof KNOWN_WORDS)[string] | undefined;
  /** The arguments before the one that is typed. */
  readonly before: readonly string[];
  /** Global ones, which say which API it is. */
  readonly options: ReadonlyMap<string, string>;
}

/** What is to be typed at the end of a line. */
export function wantedAt(places: readonly Place[], line: string): Wanted {
  const words = line.trimStart().split(/\s+/).slice(1, -1);
  const valued = new Set(valuedOf(places));
  const options = new Map<string, string>();
  const before: string[] = [];
  let [place] = places;
  let open = '';
  for (const word of words) {
    const [, flag, value] = /^(--[\w-]+)=(.*)$/.exec(word) ?? [];
    const inner = [...(place?.path ?? []), word].join(' ');
    const next = before.length === 0 ? places.find(({ path }) => path.join(' ') === inner) : undefined;
    if (open !== '') options.set(open, word);
    else if (flag !== undefined && value !== undefined) options.set(flag, value);
    else if (next) place = next;
    else if (!word.startsWith('-')) before.push(word);
    open = open === '' && valued.has(word) ? word : '';
  }
  const { args = [] } = place ?? {};
  const last = args.at(-1);
  const argument = args[before.length] ?? (last?.variadic ? last : undefined);
  const global = new Set(places[0]?.options.flatMap(flagsOf));
  return {
    ask: KNOWN_WORDS[open === '' ? (argument?.name() ?? '') : open.slice(2)],
    before,
    options: new Map([...options].filter(([flag]) => global.has(flag))),
  };
}

export const isKnown = (name: string): boolean => Object.hasOwn(KNOWN_WORDS, name);

export const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);
export const takesValue = ({ required, optional }: Option): boolean => required || optional;

/** Names of the options that take a value. */
export const valuedOf = (places: readonly Place[]): readonly string[] => [
  ...new Set(places.flatMap(({ options }) => options.filter(takesValue).flatMap(flagsOf))),
];

/** The verbs that lead to each place but the first, as one word. */
export const pathsOf = (places: readonly Place[]): readonly string[] =>
  places.flatMap(({ path }) => (path.length > 0 ? [`'${path.join(' ')}'`] : []));

/** Options that take a word that the API knows. */
export const askingOptions = (places: readonly Place[]): readonly string[] =>
  valuedOf(places).filter((flag) => isKnown(flag.slice(2)));
