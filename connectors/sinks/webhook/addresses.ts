import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { FatalError } from '../../../services/pipeline/errors.ts';

/** What is not reached over the public internet (IANA special-purpose registries); of IPv6 only what is global is left below. */
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;
/** Inside 2000::/3: tunnels (2001::/23 with Teredo, 2002::/16) may end anywhere, 2001:db8::/32 and 3fff::/20 nowhere. */
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const listOf = (ranges: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of ranges) list.addSubnet(address, prefix, family);
  return list;
};

const special4 = listOf(SPECIAL_V4, 'ipv4');
const special6 = listOf(SPECIAL_V6, 'ipv6');
const global6 = listOf([['2000::', 3]], 'ipv6');

/** Says where a webhook may be: the public internet, and what is named. */
export interface Allowed {
  isPublic(address: string): boolean;
  isNamed(address: string): boolean;
}

export class AddressError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AddressError';
  }
}

const RANGE = /^(?<address>[0-9a-fA-F.:]+)(\/(?<prefix>\d{1,3}))?$/;

/** @throws FatalError `bad_address_range` */
function rangeOf(text: string): {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
} {
  const { address = '', prefix } = RANGE.exec(text)?.groups ?? {};
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const length = Number(prefix ?? bits);
  if (bits > 0 && length <= bits) return { address, prefix: length, family: bits === 32 ? 'ipv4' : 'ipv6' };
  throw new FatalError(
    'bad_address_range',
    `DDC_PRIVATE_TARGETS: ${JSON.stringify(text)} is no address, and no range of them such as 10.1.0.0/16.`,
  );
}

/** @throws FatalError `bad_address_range` */
export function allowedAddresses(ranges: readonly string[]): Allowed {
  const named = new BlockList();
  for (const range of ranges) {
    const { address, prefix, family } = rangeOf(range);
    named.addSubnet(address, prefix, family);
  }
  return {
    isNamed: (address) => named.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6'),
    // An IPv4 address written as IPv6 (::ffff:…) is not global, so it is refused whatever it holds.
    isPublic: (address) =>
      isIP(address) === 4
        ? !special4.check(address, 'ipv4')
        : global6.check(address, 'ipv6') && !special6.check(address, 'ipv6'),
  };
}

/** @throws AddressError unless rows may go to this address: without TLS only to what is named. */
export function judgeAddress(allowed: Allowed, address: string, tls: boolean): void {
  if (allowed.isNamed(address)) return;
  if (!allowed.isPublic(address)) {
    throw new AddressError(
      `${address} is a private or special address: the operator may name it in DDC_PRIVATE_TARGETS`,
    );
  }
  if (!tls) throw new AddressError(`${address} is public and the URL is not https: rows would go in clear`);
}

type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Resolves names for a connection, and judges what it is about to connect to: nothing is asked twice, so a name that changes its mind between
 * a check and the connection gains nothing. Of a name with several addresses, all must be allowed.
 */
export function judgingLookup(allowed: Allowed, tls: boolean, resolve: Resolve = systemLookup): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0);
      try {
        for (const { address } of addresses) judgeAddress(allowed, address, tls);
      } catch (refused) {
        return callback(refused as Error, '', 0);
      }
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      if (!first) return callback(new AddressError(`${host} has no address`), '', 0);
      callback(null, first.address, first.family);
    });
  };
}
