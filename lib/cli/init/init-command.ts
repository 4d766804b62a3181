import { type Command, InvalidArgumentError, Option } from 'commander';
import { Misuse } from '../arguments.ts';
import type { CliIo } from '../program.ts';
import type { InitOptions } from './init.ts';

/** The protocols of a container, without the manifest's module, which would slow `--help` down. */
const PROTOCOLS = ['json', 'protobuf', 'sagemaker', 'kserve', 'cog'];

const EXAMPLES = `
Examples:
  modelyard init churn --onnx churn.onnx
  modelyard init sentiment --python
  modelyard init captions --container cog --port 5000 --image captions:1
  modelyard init churn --container json --from http://localhost:8080 --image churn:1
`;

/** `modelyard init <name>`: writes the folder and the contract of a new model. */
export function addInit(program: Command, io: CliIo): void {
  program
    .command('init')
    .summary('write the folder and the contract of a new model')
    .description('Writes proto/models/<name>.proto and model-containers/models/<name>, and generates the messages.')
    .argument('[name]', 'the name of the model: lower-case snake_case; asked for on a terminal')
    .addOption(new Option('--onnx <file>', 'serve this ONNX file; its inputs and outputs make the contract'))
    .addOption(new Option('--python', 'a class in Python (the default)'))
    .addOption(new Option('--typescript', 'a function in TypeScript'))
    .addOption(new Option('--container <protocol>', 'a container that already serves').choices(PROTOCOLS))
    .addOption(new Option('--port <number>', 'where the container listens (default: 8080)').argParser(portOf))
    .addOption(new Option('--from <url>', 'a running server of the container, whose description makes the contract'))
    .addOption(new Option('--image <name>', 'the image of the container'))
    .addOption(new Option('--command <line>', 'starts the container; {port} in it is a free port'))
    .addOption(new Option('--description <text>', 'one sentence for the API documentation'))
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, options: GivenOptions, command: Command) => {
      if (name === undefined && !io.isTerminal) {
        command.error("error: missing required argument 'name'", { code: 'commander.missingArgument' });
      }
      const { init } = await import('./init.ts');
      const { json = false, url: _, profile: __, ...given } = command.optsWithGlobals<GivenOptions & Globals>();
      const asked = name === undefined ? await askFor(io, options) : { name, ...given };
      const text = await init(asked);
      io.output.write(json ? `${JSON.stringify({ name: asked.name, notes: text.trimEnd().split('\n') })}\n` : text);
    });
}

type GivenOptions = Omit<InitOptions, 'name'>;

interface Globals {
  readonly json?: boolean;
  readonly url?: string;
  readonly profile?: string;
}

const KINDS = ['python', 'typescript', 'onnx', 'container'] as const;

/** Asks for what the command line does not say. */
async function askFor(io: CliIo, options: GivenOptions): Promise<InitOptions> {
  const { ask } = await import('../ask.ts');
  const name = await ask(io, 'Name of the model (lower-case snake_case): ');
  const isKnown = KINDS.some((kind) => options[kind] !== undefined);
  const kind = isKnown ? '' : (await ask(io, `Kind (${KINDS.join(', ')}) [python]: `)) || 'python';
  const chosen = KINDS.find((each) => each === kind);
  if (!isKnown && !chosen) throw new Misuse(`The kind must be one of ${KINDS.join(', ')}, not "${kind}".`);
  const more =
    chosen === 'onnx'
      ? { onnx: await ask(io, 'The ONNX file: ') }
      : chosen === 'container'
        ? { container: (await ask(io, `Its protocol (${PROTOCOLS.join(', ')}) [json]: `)) || 'json' }
        : chosen === 'typescript'
          ? { typescript: true }
          : {};
  const description = options.description ?? ((await ask(io, 'What it does, in one sentence: ')) || undefined);
  return { ...options, ...more, name, ...(description === undefined ? {} : { description }) };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a whole number from 1 to 65535.');
}
