import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eachLine } from '#local/instance-process.ts';
import type { EmbeddedSystem } from './embedded-system.ts';
import { NODE_ENVIRONMENT } from './node-environment.ts';

const MAIN = fileURLToPath(new URL('../../model-containers/runtime/instance/main.ts', import.meta.url));
const MODELS = fileURLToPath(new URL('../fixtures/outside', import.meta.url));

/** An unsupervised model instance that joins a running system through its `environment`. */
export class OutsideInstance implements AsyncDisposable {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  /** The exit code; null after a kill. */
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;

  /** `model` is a folder of `test/fixtures/outside`. */
  constructor(system: EmbeddedSystem, model: string) {
    this.#child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...NODE_ENVIRONMENT,
        ...system.environment,
        MODELYARD_MODEL: `${MODELS}/${model}`,
      },
    });
    if (this.#child.stdout) eachLine(this.#child.stdout, (line) => this.lines.push(JSON.parse(line)));
    this.exit = once(this.#child, 'close').then(([code]) => code);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
  }
}
