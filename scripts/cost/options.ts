import { parseArgs } from 'node:util';
import type { Workload } from './bill.ts';

/** What the arguments ask for: a bill, to be told how to, or something that cannot be billed. */
export type ParsedCost = { readonly workload: Workload } | { readonly help: string } | { readonly fault: string };

const HELP = `Prints what predictions cost, item by item, and what a month costs in which nobody asks anything.

Usage: npm run cost -- [options]

  --predictions <number>  how many (default 1000000)
  --ms <number>           milliseconds that the model takes for each (default 100; below a million)
  --help                  prints this text
`;

const TEXT = { type: 'string' } as const;
/** A run may take as long as its model allows; longer than this none does. */
const MS_LIMIT = 1_000_000;

/** Reads the arguments of `npm run cost`. Never throws. */
export function parseCostOptions(args: readonly string[]): ParsedCost {
  try {
    const { values } = parseArgs({
      args: joinNegatives(args),
      options: {
        predictions: { ...TEXT, default: '1000000' },
        ms: { ...TEXT, default: '100' },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return { help: HELP };
    const predictions = decimal(values.predictions);
    if (!(Number.isSafeInteger(predictions) && predictions > 0)) {
      return { fault: `--predictions must be a whole number above 0, not "${values.predictions}".` };
    }
    const ms = decimal(values.ms);
    if (ms > 0 && ms < MS_LIMIT) return { workload: { predictions, ms } };
    return { fault: `--ms must be a number above 0 and below ${MS_LIMIT}, not "${values.ms}".` };
  } catch (error) {
    // Recovery: told like any other fault. Node adds hints for programmers after its first sentence.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    return { fault: `${sentence?.replace(/\.$/, '')}. Try --help.` };
  }
}

/** `--ms -1` is a wrong number of milliseconds, not the option `-1`. */
const joinNegatives = (args: readonly string[]): string[] =>
  args.flatMap((arg, i) => {
    if (isNegative(arg) && isOption(args[i - 1])) return [];
    return isOption(arg) && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1]}`] : [arg];
  });

const isOption = (arg = ''): boolean => /^--[a-z]+$/.test(arg);
const isNegative = (arg = ''): boolean => /^-\d/.test(arg);

/** NaN for what is no number as people write it. */
const decimal = (text: string): number => (/^\d+(\.\d+)?(e\d+)?$/i.test(text) ? Number(text) : Number.NaN);
