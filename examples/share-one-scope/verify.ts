import { ProtocolError, ready, verifyDisclosure } from '../../protocol/index.ts';

/** One line of what a kept disclosure proves. */
export interface Proved {
  readonly wallet: string;
  readonly signer: 'wallet' | 'app';
  readonly issuedAt: string;
  readonly type: string;
  /** What was opened. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Names of what stayed closed. */
  readonly closed: readonly string[];
}

/** Verifies lines of disclosures, with nobody's help. @throws Error naming the first line that proves nothing */
export async function verifyKept(text: string, network: string): Promise<Proved[]> {
  await ready();
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, i) => {
    try {
      const { header, event, opened } = verifyDisclosure(JSON.parse(line));
      if (header.network !== network) throw new ProtocolError('network');
      const closed = Object.keys(event.scopes).filter((scope) => !Object.hasOwn(opened, scope));
      const { wallet, signer } = header;
      const issuedAt = new Date(header.issuedAt).toISOString();
      return { wallet, signer, issuedAt, type: event.type, scopes: opened, closed };
    } catch (cause) {
      throw new Error(`line ${i + 1} proves nothing: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  });
}
