import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { BACKENDS, type BackendName } from '#local/options.ts';

export interface LoadOptions {
  /** The API, without a slash at the end. */
  readonly url: string;
  readonly model: string;
  /** Requests per second, independent of earlier responses. */
  readonly rate: number;
  readonly seconds: number;
  /** The request as JSON. @default the example of the model's schema */
  readonly body: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds after its due time at which an unfinished task counts as lost. */
  readonly patience: number;
  /** Maximum number of concurrent requests. Requests due beyond it are not sent, but counted. */
  readonly inFlight: number;
  /** The folder of the reports. */
  readonly into: string;
}

/** Options of `--steps`. */
export interface StepsOptions extends Pick<LoadOptions, 'url' | 'model' | 'body' | 'headers' | 'into'> {
  /** Of each step. */
  readonly seconds: number;
  /** `Prefer: wait` of every request. */
  readonly waitSeconds: number;
  /** Started by `npm start` for the measurement. @default the API at `url` */
  readonly platform: BackendName | undefined;
}

export type ParsedLoad =
  | { readonly run: LoadOptions }
  | { readonly steps: StepsOptions }
  | { readonly help: string }
  | { readonly fault: string };

const REPORTS = fileURLToPath(new URL('../reports', import.meta.url));
/** The longest wait of the API. */
const MAX_WAIT_SECONDS = 25;
/** Limits memory. The size of the reports does not depend on it. */
const MAX_REQUESTS = 2_000_000;

const HELP = `Sends predictions at a constant rate, whatever becomes of those before, and reports how long they took.

Usage: npm run load -- [options]

  --url <url>          the API (default http://localhost:8000)
  --model <name>       the model (default model_a)
  --rate <number>      requests per second (default 50)
  --seconds <number>   duration (default 10; of each step 60)
  --body <json>        the request (default: the example in the model's schema)
  --header <name: value>  sent with every request, for example an API key; may be repeated
  --patience <number>  seconds after which a task that has not ended counts as lost (default 60)
  --in-flight <number> maximum number of concurrent requests; others are counted as not sent (default 5000)
  --steps              finds the capacity, then offers 0.5, 1, 2 and 4 times as much, and judges how overload is handled
  --platform <name>    starts the system for the steps: ${BACKENDS.join(', ')} (default: the API at --url)
  --wait <number>      seconds that every request of the steps prefers to wait (default 10)
  --into <folder>      folder of the reports (default test/bench/reports)
  --help               prints this text

Ctrl-C ends the run with a report. The exit code is 0 if tasks succeeded, 1 if none did, a goal of the steps was
missed or nothing could be measured, 2 for wrong options, 130 after Ctrl-C.
`;

const TEXT = { type: 'string' } as const;
const OPTIONS = {
  url: { ...TEXT, default: 'http://localhost:8000' },
  model: { ...TEXT, default: 'model_a' },
  rate: { ...TEXT, default: '50' },
  seconds: TEXT,
  body: TEXT,
  header: { ...TEXT, multiple: true, default: [] as string[] },
  patience: { ...TEXT, default: '60' },
  'in-flight': { ...TEXT, default: '5000' },
  steps: { type: 'boolean', default: false },
  platform: TEXT,
  wait: { ...TEXT, default: '10' },
  into: { ...TEXT, default: REPORTS },
  help: { type: 'boolean' },
} satisfies NonNullable<ParseArgsConfig['options']>;

/** Reads the arguments of `npm run load`. Never throws. */
export function parseLoadOptions(args: readonly string[]): ParsedLoad {
  try {
    const { values } = parseArgs({ args: joinNegatives(args), options: OPTIONS });
    if (values.help) return { help: HELP };
    const target = {
      url: httpUrl(values.url),
      model: values.model,
      body: values.body === undefined ? undefined : json(values.body),
      headers: Object.fromEntries(values.header.map(headerOf)),
      into: values.into,
      seconds: positive('seconds', values.seconds ?? (values.steps ? '60' : '10')),
    };
    if (values.steps) {
      return { steps: { ...target, platform: platformOf(values.platform), waitSeconds: waitOf(values.wait) } };
    }
    if (values.platform !== undefined) throw new Error('--platform needs --steps.');
    const run = {
      ...target,
      rate: positive('rate', values.rate),
      patience: positive('patience', values.patience),
      inFlight: positiveInteger('in-flight', values['in-flight']),
    };
    if (run.rate * run.seconds > MAX_REQUESTS) throw new Error(`One run sends at most ${MAX_REQUESTS} requests.`);
    return { run };
  } catch (error) {
    // Recovery: reported like any other fault. Node adds hints after the first sentence.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    return { fault: `${sentence?.replace(/\.$/, '')}. Try --help.` };
  }
}

/** `--rate -1` is a malformed value of `--rate`, not an option `-1`. */
const joinNegatives = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    if (isNegative(arg) && args[i - 1]?.startsWith('--')) return [];
    return arg.startsWith('--') && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1]}`] : [arg];
  });

const isNegative = (arg = ''): boolean => /^-\d/.test(arg);

function httpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:\/\//.test(text)) return text.replace(/\/+$/, '');
  throw new Error(`--url must be a URL that begins with http:// or https://, not "${text}".`);
}

function positive(name: string, text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0, not "${text}".`);
}

function positiveInteger(name: string, text: string): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new Error(`--${name} must be a whole number above 0, not "${text}".`);
}

function platformOf(text: string | undefined): BackendName | undefined {
  const platform = BACKENDS.find((name) => name === text);
  if (platform !== undefined || text === undefined) return platform;
  throw new Error(`--platform must be one of ${BACKENDS.join(', ')}, not "${text}".`);
}

function waitOf(text: string): number {
  const seconds = positiveInteger('wait', text);
  if (seconds <= MAX_WAIT_SECONDS) return seconds;
  throw new Error(`--wait must be at most ${MAX_WAIT_SECONDS}, not "${text}".`);
}

function json(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw new Error(`--body must be JSON, not "${text}".`, { cause });
  }
}

function headerOf(text: string): [string, string] {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`--header must be "Name: value", not "${text}".`);
  return [name, value];
}
