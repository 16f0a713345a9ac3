import type { LookupAddress } from 'node:dns';
import { expect, it } from '@jest/globals';
import { allowedAddresses, judgeAddress, judgingLookup } from './addresses.ts';

it.each([
  ...[
    '127.0.0.1',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
  ],
  ...['::1', '::', 'fe80::1', 'fc00::1', 'fd12::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', 'ff02::1'],
  ...['2002:7f00:1::', '2001::1', '2001:db8::1'],
])('refuses %s', (address) => {
  expect(() => judgeAddress(allowedAddresses([]), address, true)).toThrow('private or special');
});

it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111'])('allows %s, over https', (address) => {
  judgeAddress(allowedAddresses([]), address, true);
  expect(() => judgeAddress(allowedAddresses([]), address, false)).toThrow('in clear');
});

it('allows what is named, without TLS too', () => {
  const allowed = allowedAddresses(['10.1.0.0/16', '::1']);
  judgeAddress(allowed, '10.1.255.1', false);
  judgeAddress(allowed, '::1', false);
  expect(() => judgeAddress(allowed, '10.2.0.1', true)).toThrow();
});

it.each(['10.0.0.0/33', 'example.org', ''])('takes %s for no range', (text) => {
  expect(() => allowedAddresses([text])).toThrow('DDC_PRIVATE_TARGETS');
});

const resolving = (addresses: LookupAddress[]) =>
  new Promise<unknown>((done) => {
    const lookup = judgingLookup(allowedAddresses([]), true, (_host, _options, callback) => callback(null, addresses));
    lookup('example.org', { all: true }, (error, found) => done(error ?? found));
  });

it('gives a connection only addresses that were judged, and none where one of several is refused', async () => {
  const good = { address: '8.8.8.8', family: 4 };
  expect(await resolving([good])).toEqual([good]);
  expect(await resolving([good, { address: '127.0.0.1', family: 4 }])).toBeInstanceOf(Error);
  expect(await resolving([])).toEqual([]);
});
