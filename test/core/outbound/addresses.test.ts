import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListableAddress, isPublicAddress } from '#core/outbound';

const hex = (address: string) =>
  address
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .replace(/^(.{4})/, '$1:');

describe('a public address', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:80b::200e'])(
    'is %s',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '169.254.170.2',
    '168.63.129.16',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    '2606:4700::1%lo',
    'fec0::1',
    'ff02::1',
    '4000::1',
    'localhost',
    '',
  ])('is not %s', (address) => expect(isPublicAddress(address)).toBe(false));

  it('is no IPv6 form of any IPv4 address', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        for (const form of [`::ffff:${address}`, `64:ff9b::${address}`, `2002:${hex(address)}::`, `::${address}`]) {
          expect(isPublicAddress(form), form).toBe(false);
        }
      }),
    );
  });
});

describe('a listed host', () => {
  it.each(['127.0.0.1', '::1', '0:0:0:0:0:0:0:1', '10.1.2.3', 'fd12::1', '::ffff:127.0.0.1', '8.8.8.8'])(
    'may have %s',
    (address) => expect(isListableAddress(address)).toBe(true),
  );

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '::a9fe:a9fe',
    '::ffff:0:169.254.169.254',
    '64:ff9b:1::a9fe:a9fe',
    '2001:0:a9fe:a9fe::',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    'fd00:ec2::254',
    'fe80::1',
    '::',
    '224.0.0.1',
    'ff02::1',
    'name',
  ])('may not have %s', (address) => expect(isListableAddress(address)).toBe(false));
});
