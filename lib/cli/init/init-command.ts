import { type Command, InvalidArgumentError, Option } from 'commander';
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
    .argument('<name>', 'the name of the model: lower-case snake_case')
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
    .action(async (name: string, options: Omit<InitOptions, 'name'>) => {
      const { init } = await import('./init.ts');
      io.output.write(await init({ ...options, name }));
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('It must be a whole number from 1 to 65535.');
}
