import type { Command } from 'commander';
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
      const script = SCRIPTS[known](wordsOf(program));
      const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
      io.output.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
    });
};

type Words = readonly (readonly [verb: string, verbs: readonly string[]])[];

const wordsOf = (program: Command): Words =>
  program.commands.map((verb) => [verb.name(), verb.commands.map((inner) => inner.name())]);

const bash = (words: Words): string => `_modelyard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words="${words.map(([verb]) => verb).join(' ')}"
  if [[ $COMP_CWORD -gt 1 ]]; then
    case "\${COMP_WORDS[1]}" in
${words
  .filter(([, verbs]) => verbs.length > 0)
  .map(([verb, verbs]) => `      ${verb}) words="${verbs.join(' ')}" ;;`)
  .join('\n')}
      *) words="" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _modelyard modelyard
`;

const SCRIPTS: Readonly<Record<Shell, (words: Words) => string>> = {
  bash,
  zsh: (words) => `autoload -U +X bashcompinit && bashcompinit\n${bash(words)}`,
  fish: (words) =>
    words
      .flatMap(([verb, verbs]) => [
        `complete -c modelyard -n __fish_use_subcommand -a ${verb}`,
        ...verbs.map((inner) => `complete -c modelyard -n "__fish_seen_subcommand_from ${verb}" -a ${inner}`),
      ])
      .join('\n')
      .concat('\n'),
};
