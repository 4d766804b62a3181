import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isUserName, MAX_USER_NAME_LENGTH, nameKeyOf, nameKeyOfId, newUserId, userNameKey } from '#core';

/** Letters whose cases do not mirror each other, or that Unicode takes apart. */
const trickyLetter = fc.constantFrom(...'ẞßΣςᾄİiıKﬁŉǰΐ', '\u0301', '\u0323', '\u0345', '\u200b');
const anyText = fc.string({
  unit: fc.oneof(trickyLetter, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
  maxLength: 40,
});

describe('the key of a user name', () => {
  it.each([
    ['Ann', 'ANN'],
    ['ann', 'Ａｎｎ'],
    ['é', 'e\u0301'],
    ['straße', 'STRASSE'],
    ['straße', 'STRAẞE'],
    ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς'],
    ['ﬁona', 'Fiona'],
    ['an\u200dn', 'ann'],
  ])('is the same for «%s» and «%s»', (one, other) => {
    expect(userNameKey(one)).toBe(userNameKey(other));
  });

  it.each([
    ['ann', 'anna'],
    ['ann', 'an n'],
    ['e', 'é'],
    ['a.b', 'ab'],
  ])('is not the same for «%s» and «%s»', (one, other) => {
    expect(userNameKey(one)).not.toBe(userNameKey(other));
  });

  it('is the same in either case and every normal form of Unicode, and its own key', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('NFC', 'NFD', 'NFKC', 'NFKD'), (name, form) => {
        const key = userNameKey(name);

        expect(userNameKey(key)).toBe(key);
        expect(userNameKey(name.normalize(form))).toBe(key);
        expect(userNameKey(name.toLowerCase())).toBe(key);
      }),
    );
  });
});

describe('a user name', () => {
  it.each([
    ...['ann', 'Ζωή', '李小龍', 'ann.b@example.com', 'x_1', '007', 'a'.repeat(MAX_USER_NAME_LENGTH)],
    ...['Zoë', 'иван.7', 'ひろし_ヒロ', 'kim김', 'tom山田', 'иван@example.com', 'אבי@example.co.il', 'anna@почта.com'],
  ])('may be «%s»', (name) => {
    expect(isUserName(name)).toBe(true);
  });

  it.each([
    ['a Cyrillic а', '\u0430nn'],
    ['a Greek ο', 'r\u03bfot'],
    ['a Greek letter among Cyrillic ones', 'ив\u03b1н'],
    ['an Armenian ո', 'a\u0578\u0578'],
    ['a Cherokee Ꭺ', '\u13aann'],
    ['the sign of micro, which is a Greek letter after folding', '\u00b5ser'],
    ['a Cyrillic а before the domain', '\u0430nn@example.com'],
    ['a Cyrillic е in a domain', 'ann@\u0435xample.com'],
  ])('may not mix letters that look alike: %s', (_, name) => {
    expect(isUserName(name)).toBe(false);
  });

  it.each([
    ...[
      '',
      'ab',
      ' ann',
      'ann ',
      'a b',
      '.ann',
      '-ann',
      'ann/b',
      'ann\n',
      'ann\u0000',
      'an\u200bn',
      '\u3164\u3164\u3164',
    ],
    ...['a'.repeat(MAX_USER_NAME_LENGTH + 1), `a${'ﷺ'.repeat(10)}`, '\ud800ann', '😀😀😀'],
  ])('may not be %j', (name) => {
    expect(isUserName(name)).toBe(false);
  });

  it('may be whatever makes a key that may be a name', () => {
    fc.assert(
      fc.property(anyText, (name) => {
        fc.pre(isUserName(name));

        expect(isUserName(userNameKey(name))).toBe(true);
      }),
    );
  });
});

describe('the id of a user', () => {
  it('leads to where their name does, however it is written, and is another one each time', () => {
    fc.assert(
      fc.property(anyText, (name) => {
        const [first, second] = [newUserId(name), newUserId(name.toLowerCase())];

        expect(first).toMatch(/^[\w-]{32}$/);
        expect(nameKeyOfId(first)).toBe(nameKeyOf(name));
        expect(nameKeyOfId(second)).toBe(nameKeyOf(name));
        expect(second).not.toBe(first);
      }),
    );
  });

  it.each(['', 'local', 'a'.repeat(31), 'a'.repeat(33), `${'a'.repeat(31)}!`, `${'a'.repeat(32)}\n`])(
    'is not %j',
    (text) => {
      expect(nameKeyOfId(text)).toBeUndefined();
    },
  );

  it('is never found where other names are', () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        fc.pre(userNameKey(one) !== userNameKey(other));

        expect(nameKeyOf(one)).not.toBe(nameKeyOf(other));
      }),
    );
  });
});
