import { describe, expect, it, vi } from 'vitest';
import { inSpan, ModelyardError } from '#core';

const spanOf = () => ({ context: { traceparent: '00-a-b-01' }, set: vi.fn(), end: vi.fn() });

describe('work in a span', () => {
  it('ends the span with its result', async () => {
    const span = spanOf();

    await expect(inSpan(span, async () => 'done')).resolves.toBe('done');

    expect(span.end.mock.calls).toEqual([[]]);
  });

  it('ends the span with the code of its error', async () => {
    const span = spanOf();
    const error = new ModelyardError('store_unavailable', 'The store is away.');

    await expect(inSpan(span, () => Promise.reject(error))).rejects.toBe(error);

    expect(span.end.mock.calls).toEqual([[{ error: 'store_unavailable' }]]);
  });

  it('needs no span', async () => {
    await expect(inSpan(undefined, async () => 'done')).resolves.toBe('done');
    await expect(inSpan(undefined, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
