import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type { OpenStore } from './support.ts';

/** Telling instances of canceled tasks. */
export function cancels(open: OpenStore): void {
  it('keeps the mark of the last cancel, by model', async () => {
    const { store } = await open();
    const [model, another] = [`m_${randomUUID()}`, `m_${randomUUID()}`];
    await store.cancels.put(model, '1.a');

    await store.cancels.put(model, '2.b');

    expect(await store.cancels.get(model)).toBe('2.b');
    expect(await store.cancels.get(another)).toBeUndefined();
  });

  it('rejects marks with store_unavailable when it cannot be reached', async () => {
    const { store, cutOff } = await open();
    await cutOff();

    const refused = expect.objectContaining({ code: 'store_unavailable', retryable: true });
    await expect(store.cancels.put('model_b', '1.a')).rejects.toEqual(refused);
    await expect(store.cancels.get('model_b')).rejects.toEqual(refused);
  });
}
