import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { stopRequests } from '#gateway/stop-requests.ts';

describe('a request to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('comes with %s, and a second one means at once', (signal) => {
    const source = new EventEmitter();
    let now = 0;
    const { stop, abandon } = stopRequests({ process: source, output: new PassThrough(), now: () => now });

    source.emit(signal);
    const afterOne = [stop.aborted, abandon.aborted];
    now = 1_000;
    source.emit('SIGINT');

    expect(afterOne).toEqual([true, false]);
    expect(stop.reason).toBe(signal);
    expect(abandon.aborted).toBe(true);
  });

  it('that npm passes on once more at once counts once', () => {
    const source = new EventEmitter();
    const { stop, abandon } = stopRequests({ process: source, output: new PassThrough(), now: () => 0 });

    source.emit('SIGINT');
    source.emit('SIGINT');

    expect([stop.aborted, abandon.aborted]).toEqual([true, false]);
  });

  it('comes with the end of whoever reads the log, and is in order however often it is noticed', () => {
    const output = new PassThrough();
    const { stop, abandon } = stopRequests({ process: new EventEmitter(), output });

    output.emit('error', new Error('write EPIPE'));
    output.emit('error', new Error('write EPIPE'));

    expect([stop.aborted, abandon.aborted]).toEqual([true, false]);
  });

  it('comes with an error that nobody caught, and says which', () => {
    const source = new EventEmitter();
    const { stop } = stopRequests({ process: source, output: new PassThrough() });
    const error = new Error('broken');

    source.emit('uncaughtException', error, 'uncaughtException');

    expect(stop.reason).toBe(error);
  });
});
