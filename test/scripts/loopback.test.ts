import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assertLoopback } from '../../scripts/cloud/workplace.ts';

describe('the end-to-end test of the cloud', () => {
  it.each([
    'http://127.0.0.1:4566',
    'http://localhost:4566',
    'http://LOCALHOST',
    'http://[::1]:4566',
    'http://[0:0:0:0:0:0:0:1]:4566',
    // Other spellings of the same address.
    'http://127.1:4566',
    'http://2130706433:4566',
  ])('runs against %s', (endpoint) => {
    expect(() => assertLoopback(endpoint)).not.toThrow();
  });

  it.each([
    'https://sqs.us-east-1.amazonaws.com',
    'http://10.0.0.7:4566',
    'http://10.0.0.1',
    'http://0.0.0.0:4566',
    'http://[::]:4566',
    'http://[::ffff:10.0.0.1]:4566',
    'http://127.0.0.1.example.com:4566',
    'http://127.0.0.1.nip.io:4566',
    'http://localhost.evil.com:4566',
    'http://localhost.:4566',
    'http://127.0.0.1@evil.example:4566',
    'http://127.0.0.1:4566@evil.example',
    'http://evil.example#127.0.0.1',
    'http://evil.example\\@127.0.0.1',
    'http://169.254.169.254',
    'https://127.0.0.1:4566',
    'ftp://127.0.0.1',
  ])('refuses to run against %s', (endpoint) => {
    expect(() => assertLoopback(endpoint)).toThrow('runs against loopback only');
  });

  it.each(['', '127.0.0.1:4566', 'localhost:4566', 'here'])('refuses what is no address: "%s"', (endpoint) => {
    expect(() => assertLoopback(endpoint)).toThrow('runs against loopback only');
  });

  it('starts nothing when the environment names another endpoint', () => {
    const script = fileURLToPath(new URL('../../scripts/e2e-cloud.ts', import.meta.url));

    const { status, stderr, stdout } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, AWS_ENDPOINT_URL: 'https://cloudformation.us-east-1.amazonaws.com' },
    });

    expect(status).toBe(1);
    expect(stderr).toContain('runs against loopback only');
    expect(stdout).toBe('');
  });
});
