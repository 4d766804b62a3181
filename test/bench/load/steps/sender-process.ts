import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Seen } from './sending.ts';

const MAIN = fileURLToPath(new URL('sender.ts', import.meta.url));

/** A sender in a process of its own, which ends when it is disposed of. */
export interface Sender extends AsyncDisposable {
  /** One order at a time. Rejects when the process ends before it has answered. */
  send(order: Order): Promise<Seen>;
}

export function startSender(): Sender {
  const child = fork(MAIN, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  return {
    async send(order) {
      const answered = once(child, 'message');
      child.send(order);
      const first = await Promise.race([answered, ended.then(() => undefined)]);
      if (!first) throw new Error('The sender has ended.');
      return first[0] as Seen;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await ended;
    },
  };
}
