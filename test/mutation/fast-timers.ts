import { beforeAll, vi } from 'vitest';

// Time jumps to the next timer whenever nothing else is to do: a test that waits for a lease to end takes a moment.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  vi.setTimerTickMode('nextTimerAsync');
});
