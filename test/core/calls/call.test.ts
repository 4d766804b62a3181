import { expect, it } from 'vitest';
import { CALL_RETENTION_MS, isCallKept } from '#core';

it('a call is kept for its retention, and not a moment longer', () => {
  const call = { startedAt: 1000 };

  const kept = [-1, 0, 1].map((ms) => isCallKept(call, 1000 + CALL_RETENTION_MS + ms));

  expect(kept).toEqual([true, false, false]);
});
