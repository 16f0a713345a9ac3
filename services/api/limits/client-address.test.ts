import { describe, expect, test } from '@jest/globals';
import { createClientAddress, limitKey, parseTrustedProxies, shortened } from './client-address.ts';

describe('the address of a client', () => {
  test('is that of the connection, whatever a client writes, where no proxy is trusted', () => {
    expect(createClientAddress(0)('203.0.113.9', '10.0.0.1')).toBe('203.0.113.9');
    expect(createClientAddress([])('::ffff:203.0.113.9', undefined)).toBe('203.0.113.9');
  });

  test('behind so many proxies: counted from the right', () => {
    const one = createClientAddress(1);
    expect(one('10.0.0.1', '6.6.6.6, 203.0.113.9')).toBe('203.0.113.9');
    expect(one('10.0.0.1', undefined)).toBe('10.0.0.1');
    expect(createClientAddress(2)('10.0.0.1', ['6.6.6.6', '203.0.113.9, 10.0.0.2'])).toBe('203.0.113.9');
    expect(createClientAddress(5)('10.0.0.1', '203.0.113.9')).toBe('203.0.113.9');
  });

  test('behind trusted networks: the first that is none of them', () => {
    const inside = createClientAddress(['10.0.0.0/8', 'fd00::/8']);
    expect(inside('10.1.2.3', '6.6.6.6, 203.0.113.9, 10.9.9.9')).toBe('203.0.113.9');
    expect(inside('fd00::1', '2001:db8::7')).toBe('2001:db8::7');
    expect(inside('203.0.113.9', '10.0.0.1')).toBe('203.0.113.9');
  });

  test('what is no address ends the way', () => {
    expect(createClientAddress(2)('10.0.0.1', '203.0.113.9, unknown')).toBe('10.0.0.1');
  });

  test('counts as one per IPv4 address and per /64, and is kept as /24 or /48', () => {
    expect(limitKey('203.0.113.9')).toBe('203.0.113.9');
    expect(limitKey('2001:db8:1:2:3::4')).toBe(limitKey('2001:db8:1:2:ffff::'));
    expect(limitKey('2001:db8:1:2::')).not.toBe(limitKey('2001:db8:1:3::'));
    expect(limitKey('::1')).toBe('0:0:0:0::/64');
    expect([shortened('203.0.113.9'), shortened('2001:db8:1:2::9'), shortened('')]).toEqual([
      '203.0.113.0/24',
      '2001:db8:1::/48',
      '',
    ]);
  });

  test('of the configuration: a number, or networks; anything else is named', () => {
    expect(parseTrustedProxies(['2'])).toBe(2);
    expect(parseTrustedProxies([])).toBe(0);
    expect(parseTrustedProxies(['10.0.0.0/8', '::1'])).toEqual(['10.0.0.0/8', '::1']);
    for (const wrong of ['10.0.0.0/33', 'proxy.local', '10.0.0.0/'])
      expect(() => parseTrustedProxies(['10.0.0.1', wrong])).toThrow(wrong);
  });
});
