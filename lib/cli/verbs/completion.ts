import { Argument, type Command, type Option } from 'commander';
import type { AddVerb } from '../program.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `completion <shell>`: a script for the start-up file of a shell. */
export const addCompletion: AddVerb = (program, io) => {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell, _, command: Command) => {
      const script = SCRIPTS[shell](placesOf(program));
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      io.output.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
    });
};

/** The inner verb that is meant without one: its options can follow the outer verb. */
const MEANT = 'list';

/** What may follow the program, a verb or an inner verb. */
interface Place {
  /** The verbs that lead here: none, `tasks` or `tasks show`. */
  readonly path: readonly string[];
  /** Inner verbs, and the choices of an argument. */
  readonly words: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly Option[];
}

const placesOf = (command: Command, path: readonly string[] = []): readonly Place[] => [
  {
    path,
    words: [
      ...command.commands.map((verb) => ({ name: verb.name(), about: verb.summary() || verb.description() })),
      ...command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices.map((name) => ({ name, about: '' }))),
    ],
    options: [command, ...command.commands.filter((verb) => verb.name() === MEANT)].flatMap(({ options }) => options),
  },
  ...command.commands.flatMap((verb) => placesOf(verb, [...path, verb.name()])),
];

const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);
const takesValue = ({ required, optional }: Option): boolean => required || optional;
const HELP = '--help';

/** Names of the options that take a value. */
const valuedOf = (places: readonly Place[]): readonly string[] => [
  ...new Set(places.flatMap(({ options }) => options.filter(takesValue).flatMap(flagsOf))),
];

/** The verbs that lead to each place but the first, as one word. */
const pathsOf = (places: readonly Place[]): readonly string[] =>
  places.flatMap(({ path }) => (path.length > 0 ? [`'${path.join(' ')}'`] : []));

/** For bash, and for zsh, where `path` and `words` are variables of the shell. */
function bash(places: readonly Place[]): string {
  const globals = [...(places[0]?.options ?? []).flatMap(flagsOf), HELP];
  const valued = valuedOf(places).join(' | ');
  const choices = places
    .flatMap(({ options }) => options)
    .flatMap((option) => (option.argChoices ? [{ option, values: option.argChoices }] : []));
  return `_modelyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" place="" inner="" options="" offered at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${valued}) ((at++)) ;;
      *)
        case "\${place:+$place }\${COMP_WORDS[at]}" in
          ${pathsOf(places).join(' | ')}) place="\${place:+$place }\${COMP_WORDS[at]}" ;;
        esac
        ;;
    esac
  done
  case "$place" in
${places
  .map(({ path, words, options }) => {
    const own = path.length === 0 ? [] : options.flatMap(flagsOf);
    const names = words.map(({ name }) => name).join(' ');
    return `    "${path.join(' ')}") inner="${names}" options="${[...own, ...globals].join(' ')}" ;;`;
  })
  .join('\n')}
  esac
  offered="$inner"
  [[ "$current" == -* ]] && offered="$options"
  case "$before" in
${choices.map(({ option, values }) => `    ${flagsOf(option).join(' | ')}) offered="${values.join(' ')}" ;;`).join('\n')}
    ${valued}) offered="" ;;
  esac
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -o default -F _modelyard modelyard
`;
}

/** `complete` of zsh needs its own completion, which few have started without a start-up file. */
const zsh = (places: readonly Place[]): string => `(( $+functions[compdef] )) || { autoload -U compinit && compinit; }
autoload -U +X bashcompinit && bashcompinit
${bash(places)}`;

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words, options }) => {
    const here = ` -n '${['__modelyard_is_at', ...path].join(' ')}'`;
    return [
      ...words.map(({ name, about }) => `complete -c modelyard${here} -f -a ${name} -d ${quoted(about)}`),
      ...options.map((option) => `complete -c modelyard${path.length === 0 ? '' : here}${fishOption(option)}`),
    ];
  });
  return `function __modelyard_is_at
    set -l words (commandline -opc)
    set -e words[1]
    set -l place
    set -l skips false
    for word in $words
        if test $skips = true
            set skips false
        else if contains -- $word ${valuedOf(places).join(' ')}
            set skips true
        else if contains -- (string join -- ' ' $place $word) ${pathsOf(places).join(' ')}
            set -a place $word
        end
    end
    test "$place" = "$argv"
end
${lines.join('\n')}
complete -c modelyard -l help -d 'explains a verb'
`;
}

function fishOption(option: Option): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
  const value = takesValue(option) ? ' -r' : '';
  const choices = option.argChoices ? ` -f -a ${quoted(option.argChoices.join(' '))}` : '';
  return `${short}${long}${value}${choices} -d ${quoted(option.description)}`;
}

const quoted = (text: string): string => `'${text.replaceAll(/(['\\])/g, '\\$1')}'`;

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = { bash, zsh, fish };
