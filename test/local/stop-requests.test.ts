import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stopRequests } from '#local/stop-requests.ts';

describe('a request to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('comes with %s, and a second one means at once', (signal) => {
    const source = new EventEmitter();
    const { stop, abandon } = stopRequests(source);

    source.emit(signal);
    const afterOne = [stop.aborted, abandon.aborted];
    source.emit('SIGINT');

    expect(afterOne).toEqual([true, false]);
    expect(stop.reason).toBe(signal);
    expect(abandon.aborted).toBe(true);
  });

  it('comes with an error that nobody caught, and says which', () => {
    const source = new EventEmitter();
    const { stop } = stopRequests(source);
    const error = new Error('broken');

    source.emit('uncaughtException', error, 'uncaughtException');

    expect(stop.reason).toBe(error);
  });
});
