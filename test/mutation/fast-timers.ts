import { afterAll, beforeAll, vi } from 'vitest';

// Fake time advances to the next timer whenever the event loop is idle.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  vi.setTimerTickMode('nextTimerAsync');
});

afterAll(() => {
  vi.useRealTimers();
});
