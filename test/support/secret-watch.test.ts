import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SecretWatch } from './secret-watch.ts';

const CREDENTIAL = `${'u'.repeat(40)}_${'r'.repeat(43)}0badcafe`;

describe('the watch over secrets in the output of the suite', () => {
  it.each([
    ['an API key', () => `mdy_${CREDENTIAL}`],
    ['a refresh token', () => `mdr_${CREDENTIAL}`],
    ['an access token', () => `${btoa('{"alg":"EdDSA"}')}.${btoa('{"sub":"ann","exp":1}')}.${'s'.repeat(86)}`],
    ['a hash of a password', () => '$scrypt$ln=15,r=8,p=3$c2FsdA$aGFzaA'],
    ['a private key', () => JSON.stringify({ kty: 'OKP', crv: 'Ed25519', d: 'k'.repeat(43) })],
  ])('finds %s, also where it is split', (_, make) => {
    const [watch, secret] = [new SecretWatch(), make()];

    watch.note('a log', `refused: ${secret.slice(0, 12)}`);
    watch.note('a log', `${secret.slice(12)} and more`);

    expect(watch.findings()).toHaveLength(1);
  });

  it('finds a password that a test uses, also if it was printed before the watch knew it', () => {
    const watch = new SecretWatch();

    watch.note('a log', 'POST /login {"password": "a long sentence"}');
    watch.plant('a long sentence');

    expect(watch.findings()).toEqual([expect.stringContaining('a log has a secret of the test')]);
  });

  it('finds nothing in what a gateway logs', () => {
    const watch = new SecretWatch();
    watch.plant('a long sentence');

    watch.note('a log', '{"message":"POST /login 401","requestId":"610c59f3-b25b-4166-95b0-24528e3db1f6"}');

    expect(watch.findings()).toEqual([]);
  });

  it('reads along in children without taking their output away', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', 'console.log("x".repeat(100_000))']);

    expect(stdout.trim()).toHaveLength(100_000);
  });
});
