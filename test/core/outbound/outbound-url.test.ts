import { describe, expect, it } from 'vitest';
import { readOutboundUrl } from '#core/outbound';

const LISTED = new Set(['127.0.0.1', 'hooks.internal:9000', '::1', '169.254.169.254']);

describe('a URL to call', () => {
  it.each(['https://example.com/a?b=c', 'https://example.com:8443/', 'https://8.8.8.8/', 'https://[2606:4700::1111]/'])(
    'may be %s',
    (url) => expect(readOutboundUrl(url, new Set()).href).toBe(url),
  );

  it.each([
    '',
    'example.com',
    '/path',
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'https://user:password@example.com/',
    'https://user@example.com/',
    'https://example.com:22/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://0x7f.1/',
    'https://127.1/',
    'https://127.0.1/',
    'https://017700000001/',
    'https://0x7f000001/',
    'https://0x7f.0.0.0x1/',
    'https://127.0.0.1./',
    'https://2130706433./',
    'https://0.0.0.0/',
    'https://%31%32%37.0.0.1/',
    'https://example.com@127.0.0.1/',
    'https://127.0.0.1\\@example.com/',
    'https:\\\\127.0.0.1/',
    'https://127.0.0.1:8443/',
    'https://example.com:0/',
    'https://example.com:80/',
    'https://example.com:65536/',
    'https://[::]/',
    'https://[::127.0.0.1]/',
    'https://[0:0:0:0:0:ffff:127.0.0.1]/',
    'https://[64:ff9b:1::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[2001:0:7f00:1::]/',
    'https://[fe80::1]/',
    'https://[fe80::1%25eth0]/',
    'https://[fc00::1]/',
    'https://0/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00:ec2::254]/',
    'https://①②⑦.⓪.⓪.①/',
    `https://example.com/${'a'.repeat(2048)}`,
  ])('may not be %s', (url) =>
    expect(() => readOutboundUrl(url, new Set())).toThrow(expect.objectContaining({ code: 'invalid_request' })),
  );

  it.each(['http://127.0.0.1:5000/hook', 'https://127.0.0.1/', 'http://hooks.internal:9000/', 'http://[::1]:80/'])(
    'of a listed host may be %s',
    (url) => expect(() => readOutboundUrl(url, LISTED)).not.toThrow(),
  );

  it.each(['http://127.0.0.2/', 'http://hooks.internal:9001/', 'https://169.254.169.254/', 'ftp://127.0.0.1/'])(
    'of a listed host does not make %s one',
    (url) => expect(() => readOutboundUrl(url, LISTED)).toThrow(expect.objectContaining({ code: 'invalid_request' })),
  );
});
