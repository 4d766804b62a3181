import { parseArgs } from 'node:util';
import type { Workload } from './bill.ts';

export type ParsedCost =
  | { readonly workload: Workload; readonly isJson: boolean }
  | { readonly help: string }
  | { readonly fault: string };

const HELP = `Itemizes the cost of predictions, and of a month without requests.

Usage: npm run cost -- [options]

  --predictions <number>  number of predictions (default 1000000)
  --ms <number>           run time of the model per prediction, in milliseconds (default 100; below 1000000)
  --json                  prints JSON for programs
  --help                  prints this text
`;

const TEXT = { type: 'string' } as const;
/** No run takes longer. */
const MS_LIMIT = 1_000_000;

/** Reads the arguments of `npm run cost`. Never throws. */
export function parseCostOptions(args: readonly string[]): ParsedCost {
  try {
    const { values } = parseArgs({
      args: joinNegatives(args),
      options: {
        predictions: { ...TEXT, default: '1000000' },
        ms: { ...TEXT, default: '100' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return { help: HELP };
    const predictions = decimal(values.predictions);
    if (!(Number.isSafeInteger(predictions) && predictions > 0)) {
      return { fault: `--predictions must be a whole number above 0, not "${values.predictions}".` };
    }
    const ms = decimal(values.ms);
    if (ms > 0 && ms < MS_LIMIT) return { workload: { predictions, ms }, isJson: values.json };
    return { fault: `--ms must be a number above 0 and below ${MS_LIMIT}, not "${values.ms}".` };
  } catch (error) {
    // Recovery: reported like any other fault. Node adds hints after the first sentence.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    return { fault: `${sentence?.replace(/\.$/, '')}. Try --help.` };
  }
}

/** `--ms -1` is a malformed value of `--ms`, not an option `-1`. */
const joinNegatives = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    if (isNegative(arg) && isOption(args[i - 1])) return [];
    return isOption(arg) && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1]}`] : [arg];
  });

const isOption = (arg = ''): boolean => /^--[a-z]+$/.test(arg);
const isNegative = (arg = ''): boolean => /^-\d/.test(arg);

/** NaN if the text is not a decimal number. */
const decimal = (text: string): number => (/^\d+(\.\d+)?(e\d+)?$/i.test(text) ? Number(text) : Number.NaN);
