import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderFields } from '#api/http/headers.ts';
import { parsePrefer, waitPreference } from '#api/http/request-headers.ts';

const prefer = (...values: string[]) =>
  waitPreference(new HeaderFields(values.map((value): [string, string] => ['Prefer', value])));

const NOTHING = { seconds: undefined, applied: undefined };

describe('the Prefer header', () => {
  it.each([
    ['wait=10', 10],
    ['wait=0', 0],
    ['wait="7"', 7],
    ['Wait = 3', 3],
    ['respond-async, wait=5', 5],
    ['handling=lenient; x="a,wait=9", wait=4; y=1', 4],
    ['wait=2, wait=9', 2],
    ['return=minimal,,wait=6,', 6],
  ])('asks with %s for a wait', (value, seconds) => {
    expect(prefer(value)).toEqual({ seconds, applied: `wait=${seconds}` });
  });

  it('may come in several lines', () => {
    expect(prefer('respond-async', 'wait=8', 'wait=1')).toEqual({ seconds: 8, applied: 'wait=8' });
  });

  it.each(['wait=26', 'wait=100', 'wait=99999999999999999999'])('gives 25 s for %s, and says so', (value) => {
    expect(prefer(value)).toEqual({ seconds: 25, applied: 'wait=25' });
  });

  it.each(['wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=ten', 'wait=1e1', 'waiting=5', '"wait=5"', ''])(
    'is ignored when it is %j',
    (value) => {
      expect(prefer(value)).toEqual(NOTHING);
    },
  );

  it('asks with respond-async alone not to wait at all', () => {
    expect(prefer('respond-async')).toEqual({ seconds: 0, applied: 'respond-async' });
  });

  it('is nothing when it is absent', () => {
    expect(prefer()).toEqual(NOTHING);
  });

  it('never throws, and never asks for more than 25 s, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (values) => {
        const { seconds } = prefer(...values);

        if (seconds !== undefined) expect(seconds >= 0 && seconds <= 25 && Number.isInteger(seconds)).toBe(true);
      }),
    );
  });

  it('reads back every list of preferences, whatever their values hold', () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,9}$/);
    const value = fc.stringMatching(/^[\x20-\x7e]{0,12}$/);
    const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key }), (preferences) => {
        const header = preferences.map(([key, text]) => `${key.toUpperCase()} = ${quoted(text)}; p="a,b"`).join(' , ');

        expect([...parsePrefer(header)]).toEqual(preferences);
      }),
    );
  });
});
