import type { Command, Option } from 'commander';
import { Misuse } from '../arguments.ts';
import type { AddVerb } from '../program.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `completion <shell>`: a script for the start-up file of a shell. */
export const addCompletion: AddVerb = (program, io) => {
  program
    .command('completion')
    .argument('<shell>')
    .action((shell: string, _, command: Command) => {
      const known = SHELLS.find((name) => name === shell);
      if (!known) throw new Misuse(`The shell must be one of ${SHELLS.join(', ')}, not "${shell}".`);
      const script = SCRIPTS[known](placesOf(program));
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
  readonly verbs: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly Option[];
}

const placesOf = (command: Command, path: readonly string[] = []): readonly Place[] => [
  {
    path,
    verbs: command.commands.map((verb) => ({ name: verb.name(), about: verb.summary() || verb.description() })),
    options: [command, ...command.commands.filter((verb) => verb.name() === MEANT)].flatMap(({ options }) => options),
  },
  ...command.commands.flatMap((verb) => placesOf(verb, [...path, verb.name()])),
];

const flagsOf = ({ short, long }: Option): string[] => [short, long].filter((flag) => flag !== undefined);
const takesValue = ({ required, optional }: Option): boolean => required || optional;
const HELP = '--help';

/** The options of the program can be given to every verb. */
function bash(places: readonly Place[]): string {
  const all = places.flatMap(({ options }) => options);
  const globals = [...(places[0]?.options ?? []).flatMap(flagsOf), HELP];
  const valued = [...new Set(all.filter(takesValue).flatMap(flagsOf))];
  const choices = all.flatMap((option) => (option.argChoices ? [{ option, values: option.argChoices }] : []));
  const known = places.filter(({ path }) => path.length > 0).map(({ path }) => `"${path.join(' ')}"`);
  return `_modelyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" verbs="" options="" words at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      ${valued.join(' | ')}) ((at++)) ;;
      *)
        case "\${path:+$path }\${COMP_WORDS[at]}" in
          ${known.join(' | ')}) path="\${path:+$path }\${COMP_WORDS[at]}" ;;
        esac
        ;;
    esac
  done
  case "$path" in
${places
  .map(({ path, verbs, options }) => {
    const own = path.length === 0 ? [] : options.flatMap(flagsOf);
    const names = verbs.map(({ name }) => name).join(' ');
    return `    "${path.join(' ')}") verbs="${names}" options="${[...own, ...globals].join(' ')}" ;;`;
  })
  .join('\n')}
  esac
  words="$verbs"
  [[ "$current" == -* ]] && words="$options"
  case "$before" in
${choices.map(({ option, values }) => `    ${flagsOf(option).join(' | ')}) words="${values.join(' ')}" ;;`).join('\n')}
    ${valued.join(' | ')}) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _modelyard modelyard
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, verbs, options }) => {
    const inner = verbs.map(({ name }) => name).join(' ');
    const here = path.map((verb) => `__fish_seen_subcommand_from ${verb}`).join('; and ');
    const before =
      path.length === 0 ? '__fish_use_subcommand' : `${here}; and not __fish_seen_subcommand_from ${inner}`;
    return [
      ...verbs.map(({ name, about }) => `complete -c modelyard -n '${before}' -f -a ${name} -d ${quoted(about)}`),
      ...options.map((option) => `complete -c modelyard${here === '' ? '' : ` -n '${here}'`}${fishOption(option)}`),
    ];
  });
  return `${lines.join('\n')}\ncomplete -c modelyard -l help -d 'explains a verb'\n`;
}

function fishOption(option: Option): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
  const value = takesValue(option) ? ' -r' : '';
  const choices = option.argChoices ? ` -f -a ${quoted(option.argChoices.join(' '))}` : '';
  return `${short}${long}${value}${choices} -d ${quoted(option.description)}`;
}

const quoted = (text: string): string => `'${text.replaceAll(/(['\\])/g, '\\$1')}'`;

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = {
  bash,
  zsh: (places) => `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}`,
  fish,
};
