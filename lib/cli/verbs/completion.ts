import { Argument, type Command, type Option } from 'commander';
import {
  askingOptions,
  flagsOf,
  isKnown,
  KNOWN,
  type Place,
  pathsOf,
  placesOf,
  takesValue,
  valuedOf,
  wantedAt,
} from '../places.ts';
import type { AddVerb } from '../program.ts';
import { sessionOf } from '../session.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** A person waits for it with a finger on Tab. */
const ANSWER_MS = 1_000;
/** Bash runs what others contain: `$(…)` of an API that is not to be trusted. */
const PLAIN = /^[\w.@:-]+$/;

/** `completion <shell>`: a script for the start-up file of a shell. */
export const addCompletion: AddVerb = (program, io) => {
  const completion = program.command('completion');
  completion.addArgument(new Argument('<shell>').choices(SHELLS)).action((shell: Shell, _, command: Command) => {
    const script = SCRIPTS[shell](placesOf(program));
    const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
    io.output.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
  });
  completion
    .command(KNOWN, { hidden: true })
    .argument('<line>', 'what is typed, to the cursor')
    .action(async (line: string, _, command: Command) => {
      const { ask, before, options } = wantedAt(placesOf(program), line);
      if (!ask) return;
      for (const [flag, value] of options) program.setOptionValue(flag.slice(2), value);
      try {
        const { api } = await sessionOf(command, io, ANSWER_MS);
        const words = await ask(api, before);
        io.output.write(words.flatMap((word) => (PLAIN.test(word) ? `${word}\n` : [])).join(''));
      } catch {
        // Recovery: a message would land in the line that is typed.
      }
    });
};

const HELP = '--help';

/** For bash, and for zsh, where `path` and `words` are variables of the shell. */
function bash(places: readonly Place[]): string {
  const globals = [...(places[0]?.options ?? []).flatMap(flagsOf), HELP];
  const valued = valuedOf(places).join(' | ');
  const asking = places.filter(({ args }) => args.some((each) => isKnown(each.name())));
  const choices = places
    .flatMap(({ options }) => options)
    .flatMap((option) => (option.argChoices ? [{ option, values: option.argChoices }] : []));
  return `_modelyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" place="" inner="" options="" offered at asks=""
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
  case "$place" in
    ${pathsOf(asking).join(' | ')}) asks=yes ;;
  esac
  [[ "$current" == -* ]] && offered="$options"
  case "$before" in
${choices.map(({ option, values }) => `    ${flagsOf(option).join(' | ')}) offered="${values.join(' ')}" asks="" ;;`).join('\n')}
    ${askingOptions(places).join(' | ')}) offered="" asks=yes ;;
    ${valued}) offered="" asks="" ;;
  esac
  if [[ -n "$asks" && "$current" != -* ]]; then
    offered="$offered $(modelyard completion ${KNOWN} "\${COMP_LINE:0:$COMP_POINT}" 2>/dev/null)"
  fi
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
  const lines = places.flatMap(({ path, words, options, args }) => {
    const here = ` -n '${['__modelyard_is_at', ...path].join(' ')}'`;
    const known = args.filter((each) => isKnown(each.name()));
    const alone = known.length === args.length ? ' -f' : '';
    return [
      ...(known.length > 0 ? [`complete -c modelyard${here}${alone} -a '(__modelyard_known)'`] : []),
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
function __modelyard_known
    modelyard completion ${KNOWN} (commandline -cp | string collect) 2>/dev/null
end
${lines.join('\n')}
complete -c modelyard -l help -d 'explains a verb'
`;
}

function fishOption(option: Option): string {
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const long = option.long === undefined ? '' : ` -l ${option.long.slice(2)}`;
  const value = takesValue(option) ? ' -r' : '';
  const words = isKnown(option.name()) ? '(__modelyard_known)' : option.argChoices?.join(' ');
  const choices = words === undefined ? '' : ` -f -a ${quoted(words)}`;
  return `${short}${long}${value}${choices} -d ${quoted(option.description)}`;
}

const quoted = (text: string): string => `'${text.replaceAll(/(['\\])/g, '\\$1')}'`;

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = { bash, zsh, fish };
