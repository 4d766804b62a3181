import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import LruCache from '../../lib/bundling/lru-cache.ts';

const CAPACITY = 3;
const command = fc.tuple(fc.constantFrom('get', 'peek', 'has', 'set'), fc.constantFrom('a', 'b', 'c', 'd', 'e'));

describe('LruCache', () => {
  it('keeps the entries that were read or written last', () => {
    fc.assert(
      fc.property(fc.array(command), (commands) => {
        const cache = new LruCache<string, number>(CAPACITY);
        let recent: [key: string, value: number][] = [];
        for (const [step, [name, key]] of commands.entries()) {
          const known = recent.find(([other]) => other === key);
          if (name === 'set') cache.set(key, step);
          else if (name === 'has') expect(cache.has(key)).toBe(known !== undefined);
          else expect(name === 'get' ? cache.get(key) : cache.peek(key)).toBe(known?.[1]);
          const newest: typeof recent = name === 'set' ? [[key, step]] : name === 'get' && known ? [known] : [];
          if (newest.length > 0) recent = [...recent.filter(([other]) => other !== key), ...newest].slice(-CAPACITY);
        }
      }),
    );
  });

  it('is empty after clear', () => {
    const cache = new LruCache<string, number>(CAPACITY);
    cache.set('a', 1);

    cache.clear();

    expect(cache.has('a')).toBe(false);
  });
});
