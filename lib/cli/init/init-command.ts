import { type Command, Option } from 'commander';
import { Misuse, wholeNumber } from '../arguments.ts';
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
    .addOption(
      new Option('--build <folder>', 'or the folder of its Dockerfile, from the folder of the model (default: .)'),
    )
    .addOption(new Option('--command <line>', 'starts the container; {port} in it is a free port'))
    .addOption(new Option('--description <text>', 'one sentence for the API documentation'))
    .addHelpText('after', EXAMPLES)
    .action(async (name: string | undefined, options: GivenOptions, command: Command) => {
      if (name === undefined && !io.isTerminal) {
        command.error("error: missing required argument 'name'", { code: 'commander.missingArgument' });
      }
      const { assertUsable, init, lacksSource } = await import('./init.ts');
      const { json = false } = command.optsWithGlobals<Globals>();
      const asked = io.isTerminal
        ? await askFor(io, name, options, { assertUsable, lacksSource })
        : { ...options, name: name ?? '' };
      const text = await init(asked);
      io.output.write(json ? `${JSON.stringify({ name: asked.name, notes: text.trimEnd().split('\n') })}\n` : text);
    });
}

const portOf = wholeNumber(1, 65_535);

type GivenOptions = Omit<InitOptions, 'name'>;

interface Globals {
  readonly json?: boolean;
}

const KINDS = ['python', 'typescript', 'onnx', 'container'] as const;

/** Asks for what the command line does not say. What cannot be used is refused before the next question. */
async function askFor(
  io: CliIo,
  given: string | undefined,
  options: GivenOptions,
  { assertUsable, lacksSource }: Pick<typeof import('./init.ts'), 'assertUsable' | 'lacksSource'>,
): Promise<InitOptions> {
  const { ask } = await import('../ask.ts');
  const name = given ?? (await ask(io, 'Name of the model (lower-case snake_case): '));
  assertUsable({ ...options, name });
  const kind = KINDS.some((each) => options[each] !== undefined) ? {} : await askForKind(io);
  const chosen = { ...options, ...kind, name };
  assertUsable(chosen);
  const source = lacksSource(chosen) ? await askForContainer(io, chosen) : {};
  const isTold = given !== undefined && Object.keys({ ...kind, ...source }).length === 0;
  const description = isTold ? '' : await ask(io, 'What it does, in one sentence: ');
  return { ...(description === '' ? {} : { description }), ...chosen, ...source };
}

async function askForKind(io: CliIo): Promise<GivenOptions> {
  const { ask } = await import('../ask.ts');
  const kind = (await ask(io, `Kind (${KINDS.join(', ')}) [python]: `)) || 'python';
  if (kind === 'python' || kind === 'typescript') return { [kind]: true };
  if (kind === 'onnx') return { onnx: await ask(io, 'The ONNX file: ') };
  if (kind === 'container') return { container: await askForProtocol(io) };
  throw new Misuse(`The kind must be one of ${KINDS.join(', ')}, not "${kind}".`);
}

async function askForProtocol(io: CliIo): Promise<string> {
  const { ask } = await import('../ask.ts');
  const protocol = (await ask(io, `Its protocol (${PROTOCOLS.join(', ')}) [json]: `)) || 'json';
  if (PROTOCOLS.includes(protocol)) return protocol;
  throw new Misuse(`The protocol must be one of ${PROTOCOLS.join(', ')}, not "${protocol}".`);
}

async function askForContainer(io: CliIo, { port }: GivenOptions): Promise<GivenOptions> {
  const { ask } = await import('../ask.ts');
  const image = await ask(io, 'Its image [built from a Dockerfile in the folder of the model]: ');
  const asked = port === undefined ? await ask(io, 'The port on which it listens [8080]: ') : '';
  const known = asked === '' ? {} : { port: typedPort(asked) };
  const command = await ask(io, 'The command that starts it here, with {port} for a free port [it runs elsewhere]: ');
  return { ...known, ...(image === '' ? { build: '.' } : { image }), ...(command === '' ? {} : { command }) };
}

function typedPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Misuse(`The port must be a whole number from 1 to 65535, not "${text}".`);
}
