import { describe, expect, it } from 'vitest';
import { gatewaySettingsFrom } from '#platform/gateway-settings.ts';

describe('who may send requests to a gateway', () => {
  it.each([
    {},
    { AUTH: 'none' },
    { MODELYARD_HOST: '::1' },
    { MODELYARD_HOST: 'localhost' },
    { MODELYARD_HOST: '0.0.0.0', BIND: '127.0.0.1' },
    { AUTH: '', BIND: '' },
  ])('is everybody on this machine with %o', (env) => {
    expect(gatewaySettingsFrom(env)).toMatchObject({ auth: 'none', hosts: [], origins: [] });
  });

  it('adds names and origins that are configured', () => {
    const env = { MODELYARD_HOSTS: 'gateway api.test', MODELYARD_CORS_ORIGINS: 'https://a.test https://b.test' };

    expect(gatewaySettingsFrom(env)).toMatchObject({
      hosts: ['gateway', 'api.test'],
      origins: ['https://a.test', 'https://b.test'],
    });
  });

  it.each(['JWT', 'basic', 'off', 'none '])('is refused as «%s»', (auth) => {
    expect(() => gatewaySettingsFrom({ AUTH: auth })).toThrow(
      `The environment variable AUTH must be one of none, jwt, oidc, not "${auth}".`,
    );
  });

  it.each([
    { MODELYARD_HOST: '0.0.0.0' },
    { MODELYARD_HOST: '::' },
    { MODELYARD_HOST: '192.168.1.4' },
    { BIND: '0.0.0.0' },
    { MODELYARD_HOST: '127.0.0.1', BIND: '10.0.0.1' },
    { BIND: '127.0.0.1.evil.example' },
  ])('is nobody without authentication where others reach it: %o', (env) => {
    expect(() => gatewaySettingsFrom({ ...env, AUTH: 'none' })).toThrow(
      /^Others can reach \S+, so AUTH=none is not allowed there: set AUTH=jwt, or BIND=127\.0\.0\.1 /,
    );
  });

  it('may be told by proxies that are configured', () => {
    const { trustedProxies } = gatewaySettingsFrom({
      MODELYARD_TRUSTED_PROXIES: '10.0.0.0/8 192.168.1.4 fd00::/8 ::1',
    });
    const trusted = ['10.9.9.9', '192.168.1.4', '192.168.1.5', '11.0.0.1'].map((ip) =>
      trustedProxies.check(ip, 'ipv4'),
    );

    expect(trusted).toEqual([true, true, false, false]);
    expect(['fd12::1', '::1', '::2'].map((ip) => trustedProxies.check(ip, 'ipv6'))).toEqual([true, true, false]);
  });

  it.each(['proxy', '10.0.0.0/33', '10.0.0.0/x', '10.0.0', '::1/129', ','])(
    'is refused with the proxies «%s»',
    (text) => {
      expect(() => gatewaySettingsFrom({ MODELYARD_TRUSTED_PROXIES: text })).toThrow(
        'The environment variable MODELYARD_TRUSTED_PROXIES must have addresses such as',
      );
    },
  );

  it('is not everybody by default where others reach it', () => {
    expect(gatewaySettingsFrom({ MODELYARD_HOST: '0.0.0.0' })).toMatchObject({
      auth: 'jwt',
      hosts: ['*'],
      registration: 'open',
    });
    expect(gatewaySettingsFrom({ AUTH: 'jwt', REGISTRATION: 'closed' })).toMatchObject({ registration: 'closed' });
  });
});
