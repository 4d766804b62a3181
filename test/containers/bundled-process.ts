import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eachLine } from '#local/instance-process.ts';
import { endWithFile } from '#test/support/child-processes.ts';

/** A bundle that runs as its image would run it: with nothing around it but Node and its environment. */
export class BundledProcess implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #hasExited = false;

  constructor(folder: string, environment: Readonly<Record<string, string>>, args: readonly string[] = ['main.mjs']) {
    this.#child = spawn(process.execPath, [...args], {
      cwd: folder,
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithFile(this.#child, { inGroup: false });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) eachLine(stream, (line) => this.#note(line));
    }
    this.exited = once(this.#child, 'close').then(([code]) => {
      this.#hasExited = true;
      this.#wake();
      return code as number | null;
    });
  }

  /** Resolves when it has logged that it is ready; rejects with what it said when it ends before. */
  async untilReady(): Promise<Readonly<Record<string, unknown>>> {
    for (;;) {
      const ready = this.lines.find((line) => line.includes('"message":"Ready."'));
      if (ready !== undefined) return JSON.parse(ready);
      if (this.#hasExited) throw new Error(`It ended before it was ready:\n${this.lines.join('\n')}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Asks it to end; resolves with its exit code. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  #note(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
