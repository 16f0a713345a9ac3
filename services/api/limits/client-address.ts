import { BlockList, isIP, isIPv4 } from 'node:net';

/** Whose `X-Forwarded-For` is believed: so many proxies before this process, or these networks. */
export type TrustedProxies = number | readonly string[];

/** Address of the client, from the connection's and the header `X-Forwarded-For`. */
export type ClientAddress = (socket: string | undefined, forwarded: string | readonly string[] | undefined) => string;

/** A text of `DDC_TRUSTED_PROXIES`: a number, or addresses and CIDR networks. @throws naming what is neither */
export function parseTrustedProxies(parts: readonly string[]): TrustedProxies {
  if (parts.length === 0) return 0;
  if (parts.length === 1 && /^\d{1,2}$/.test(parts[0] ?? '')) return Number(parts[0]);
  for (const part of parts) networkOf(part);
  return parts;
}

/**
 * Goes from the connection towards the client, as far as the addresses are trusted proxies: the first that is none is the client. What a client
 * writes into the header itself stands further left and is never reached.
 */
export function createClientAddress(trusted: TrustedProxies): ClientAddress {
  const isProxy = typeof trusted === 'number' ? (_: string, hop: number) => hop < trusted : inNetworks(trusted);
  return (socket, forwarded) => {
    const header = typeof forwarded === 'string' ? forwarded : (forwarded ?? []).join(',');
    const hops = header === '' ? [] : header.split(',').map((hop) => plain(hop.trim()));
    let client = plain(socket ?? '');
    for (let hop = 0; hops.length > 0 && isProxy(client, hop); hop++) {
      const next = hops.pop() as string;
      // Whatever stands further left was written by nobody we know.
      if (isIP(next) === 0) break;
      client = next;
    }
    return client;
  };
}

/** What counts as one client: an IPv4 address, or the /64 that one customer of a provider has. */
export function limitKey(address: string): string {
  if (isIP(address) !== 6) return address;
  return `${groupsOf(address).slice(0, 4).join(':')}::/64`;
}

/** As it may stand in a log that is kept: /24 or /48. */
export function shortened(address: string): string {
  if (isIPv4(address)) return `${address.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIP(address) === 6) return `${groupsOf(address).slice(0, 3).join(':')}::/48`;
  return '';
}

/** IPv4 as IPv4, also where the socket speaks IPv6. */
const plain = (address: string): string => (/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address);

function groupsOf(address: string): string[] {
  const [left = '', right] = address.split('%')[0]?.split('::') ?? [];
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail];
}

function networkOf(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } {
  const [address = '', bits] = text.split('/');
  const version = isIP(address);
  const width = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (version === 0 || !(prefix <= width)) throw new Error(`${text} is neither a number, an address nor a network`);
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, prefix, family } of networks.map(networkOf)) list.addSubnet(address, prefix, family);
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
