import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { unaskedExit } from '#runtime/instance/unasked-exit.ts';
import { silentLogger } from '#test/support/silent-logger.ts';

function aProcess() {
  const emitter = new EventEmitter();
  return Object.assign(emitter, { exitCode: undefined as number | undefined }) as EventEmitter & {
    exitCode: number | undefined;
  };
}

it('is a failure when something in the model ends the process as if all were well', () => {
  const process = aProcess();
  unaskedExit(process as never, silentLogger);

  process.emit('exit', 0);

  expect(process.exitCode).toBe(1);
});

it('leaves the exit code of an instance alone that has stopped, or failed by itself', () => {
  const [stopped, failed] = [aProcess(), aProcess()];
  const isOver = unaskedExit(stopped as never, silentLogger);
  unaskedExit(failed as never, silentLogger);

  isOver();
  stopped.emit('exit', 0);
  failed.emit('exit', 7);

  expect([stopped.exitCode, failed.exitCode]).toEqual([undefined, undefined]);
});
