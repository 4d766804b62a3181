import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export interface LoadOptions {
  readonly url: string;
  readonly model: string;
  /** Requests a second, whatever becomes of those before. */
  readonly rate: number;
  readonly seconds: number;
  /** A request in JSON; of an empty one every field has its default. */
  readonly body: string;
  /** When a task that has not ended counts as lost, in seconds after its submit. */
  readonly patience: number;
  /** Folder of the reports. */
  readonly into: string;
}

const REPORTS = fileURLToPath(new URL('../reports', import.meta.url));
const USAGE =
  'npm run load -- [--url http://localhost:8000] [--model model_a] [--rate 50] [--seconds 10] ' +
  '[--body JSON] [--patience 60] [--into FOLDER]';

/** Reads the arguments; what is wrong with them is told in one sentence. */
export function parseLoadOptions(args: readonly string[]): LoadOptions | { readonly message: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        url: { type: 'string', default: 'http://localhost:8000' },
        model: { type: 'string', default: 'model_a' },
        rate: { type: 'string', default: '50' },
        seconds: { type: 'string', default: '10' },
        body: { type: 'string' },
        patience: { type: 'string', default: '60' },
        into: { type: 'string', default: REPORTS },
      },
    });
    if (!URL.canParse(values.url)) return { message: `--url must be a URL, not "${values.url}". Usage: ${USAGE}` };
    const body = values.body ?? (values.model === 'model_a' ? '{"data": "example"}' : '{}');
    return {
      url: values.url.replace(/\/$/, ''),
      model: values.model,
      rate: positive('rate', values.rate),
      seconds: positive('seconds', values.seconds),
      body,
      patience: positive('patience', values.patience),
      into: values.into,
    };
  } catch (error) {
    // Recovery: told like any other fault.
    const [sentence] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { message: `${sentence} Usage: ${USAGE}` };
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0, not "${text}".`);
}
