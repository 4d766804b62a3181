import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** Platforms on which tasks outlive the processes of the system. */
const PLATFORMS = ['rabbit-redis', 'aws', 'sqlite'] as const;

export interface TortureOptions {
  readonly platform: (typeof PLATFORMS)[number];
  /** Length of the storm, from 0.1 to 600. */
  readonly minutes: number;
  /** Decides every input and every fault. Their timing still depends on the machine. */
  readonly seed: number;
  /** Submits per second, from 1 to 1,000. */
  readonly rate: number;
  readonly gateways: number;
  readonly instances: number;
  /** How long tasks may take to end after the storm, in seconds: repeated submits may be accepted all at once then. */
  readonly settleSeconds: number;
}

const DEFAULTS = { platform: 'rabbit-redis', minutes: '10', rate: '30', gateways: '2', instances: '3' } as const;
const SETTLE_SECONDS = 600;

export const USAGE = `npm run torture -- [--platform ${PLATFORMS.join('|')}] [--minutes 10] [--seed n] [--rate 30] [--gateways 2] [--instances 3]`;

/** Throws a sentence that names the option that is unknown or out of range. */
export function readOptions(args: readonly string[]): TortureOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { platform: text, minutes: text, seed: text, rate: text, gateways: text, instances: text },
  });
  const given = { ...DEFAULTS, seed: String(randomInt(1_000_000)), ...values };
  const platform = PLATFORMS.find((name) => name === given.platform);
  if (platform === undefined) throw new Error(`--platform must be one of ${PLATFORMS.join(', ')}.`);
  const number = (name: keyof typeof given, min: number, max: number): number => {
    const value = Number(given[name]);
    if (!(value >= min && value <= max)) throw new Error(`--${name} must be a number from ${min} to ${max}.`);
    return value;
  };
  return {
    platform,
    minutes: number('minutes', 0.1, 600),
    seed: number('seed', 0, Number.MAX_SAFE_INTEGER),
    rate: number('rate', 1, 1000),
    gateways: number('gateways', 1, 10),
    instances: number('instances', 1, 20),
    settleSeconds: SETTLE_SECONDS,
  };
}
