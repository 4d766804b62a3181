import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { isArtifactHash } from '#core';

it('the hash of an artifact is told from other values', () => {
  const hash = createHash('sha256').update('rows').digest('hex');

  expect(isArtifactHash(hash)).toBe(true);
  for (const other of [
    undefined,
    [hash],
    '',
    hash.slice(1),
    `${hash}0`,
    ` ${hash}`,
    `${hash}\n`,
    hash.toUpperCase(),
    '0',
  ])
    expect(isArtifactHash(other)).toBe(false);
});
