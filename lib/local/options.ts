import { parseArgs } from 'node:util';

/** Values of `npm start -- --platform`. The first is the default. */
export const BACKENDS = ['sqlite', 'aws', 'rabbit-redis'] as const;

export type BackendName = (typeof BACKENDS)[number];

export interface LocalOptions {
  /** 0 selects a free port. */
  readonly port: number;
  /** Writes one JSON object per line instead of text. */
  readonly json: boolean;
  readonly platform: BackendName;
  /** Data folder of the platform sqlite; undefined for a temporary folder. */
  readonly dataFolder: string | undefined;
  /** More folders with models. */
  readonly modelFolders: readonly string[];
  /** With sqlite: accepted tasks survive a power failure. */
  readonly isDurable: boolean;
  /** Starts models again whose files change. */
  readonly isWatching: boolean;
}

/** The options to start with, the help text, or an error message. */
export type ParsedOptions = { readonly start: LocalOptions } | { readonly help: string } | { readonly fault: string };

const DEFAULT_PORT = 8000;
const DEFAULT_FOLDER = '.modelyard';

const HELP = `Runs Modelyard on this machine: the API, the queues and stores, and every model.

Usage: npm start -- [options]

  --port <number>  the port of the API on 127.0.0.1 (default ${DEFAULT_PORT}; 0 takes any free one)
  --platform <name>  what queues and stores run on: ${BACKENDS.join(', ')} (default ${BACKENDS[0]});
                   aws stands for emulators of it, which forget everything at the end;
                   rabbit-redis needs AMQP_URL and REDIS_URL in the environment
  --data <folder>  where sqlite keeps tasks, results and users (default ${DEFAULT_FOLDER})
  --models <folder>  a folder with more models, for example model-containers/examples; repeatable
  --memory         keeps nothing: everything is gone at the end
  --durable        every task survives a power failure too, at the cost of a disk write each
  --no-watch       does not start models again when their files change
  --json           prints one JSON object per line instead of text
  --help           prints this text
`;

/** Parses the arguments of `npm start`. Never throws. */
export function parseOptions(args: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: joinNegatives(args),
      options: {
        port: { type: 'string' },
        platform: { type: 'string' },
        data: { type: 'string' },
        models: { type: 'string', multiple: true },
        memory: { type: 'boolean' },
        durable: { type: 'boolean' },
        'no-watch': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return { help: HELP };
    const port = values.port ?? String(DEFAULT_PORT);
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
      return { fault: `--port must be a whole number from 0 to 65535, not "${port}".` };
    }
    const platform = BACKENDS.find((name) => name === (values.platform ?? BACKENDS[0]));
    if (platform === undefined) {
      return { fault: `--platform must be one of ${BACKENDS.join(', ')}, not "${values.platform}".` };
    }
    const { json = false, models: modelFolders = [], data, memory = false, durable = false } = values;
    const fault = storageFault(platform, { data, memory, durable });
    if (fault !== undefined) return { fault };
    const dataFolder = memory ? undefined : (data ?? DEFAULT_FOLDER);
    const isWatching = values['no-watch'] !== true;
    return { start: { port: Number(port), json, platform, dataFolder, modelFolders, isDurable: durable, isWatching } };
  } catch (error) {
    // Recovery: an unknown option is reported like other errors.
    return { fault: firstSentence(error instanceof Error ? error.message : String(error)) };
  }
}

interface Storage {
  readonly data: string | undefined;
  readonly memory: boolean;
  readonly durable: boolean;
}

/** The error of the storage options, if any. */
function storageFault(platform: BackendName, { data, memory, durable }: Storage): string | undefined {
  if (data === '') return '--data must name a folder.';
  const given = Object.entries({ '--data': data !== undefined, '--memory': memory, '--durable': durable })
    .filter(([, isGiven]) => isGiven)
    .map(([name]) => name);
  if (given.length > 0 && platform !== 'sqlite') return `${given[0]} is for the platform sqlite, not for ${platform}.`;
  const other = given.find((name) => name !== '--memory');
  if (memory && other !== undefined) return `--memory and ${other} exclude each other.`;
  return undefined;
}

/** `--port -1` is an invalid port, not the option `-1`. */
const joinNegatives = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    if (args[i - 1] === '--port' && isNegative(arg)) return [];
    return arg === '--port' && isNegative(args[i + 1]) ? [`--port=${args[i + 1]}`] : [arg];
  });

const isNegative = (arg = ''): boolean => /^-\d/.test(arg);

/** Omits Node's hints after the first sentence. */
const firstSentence = (text: string): string => `${text.split(/\.\s|\n/)[0]?.replace(/\.$/, '')}. Try --help.`;
