import { fromHex, utf8 } from '../bytes.ts';
import { ProtocolError } from '../errors.ts';

/** How a master was read: as given bytes, as the UTF-8 of text, or as the bytes that text spells in hex. */
export type MasterForm = 'bytes' | 'text' | 'hex';

export interface Master {
  readonly form: MasterForm;
  readonly bytes: Uint8Array;
}

const HEX = /^(?:0x)?((?:[0-9a-fA-F]{2})+)$/;

/**
 * Every way in which the published programs read a master: the first library took the text itself, the viewer and the later libraries hex.
 * Hex comes first: a text that is hex by chance is rare, and the tag decides anyway.
 * @throws ProtocolError `legacy_master` when it is empty, `utf8` on lone surrogates
 */
export function masterForms(master: string | Uint8Array): Master[] {
  if (master.length === 0) throw new ProtocolError('legacy_master');
  if (typeof master !== 'string') return [{ form: 'bytes', bytes: master }];
  const hex = HEX.exec(master)?.[1];
  const text: Master = { form: 'text', bytes: utf8(master) };
  return hex === undefined ? [text] : [{ form: 'hex', bytes: fromHex(hex.toLowerCase()) }, text];
}

/** The one reading that is used to encode: text as its UTF-8, as the first library did; hex must be decoded by the caller. */
export function masterBytes(master: string | Uint8Array): Uint8Array {
  if (master.length === 0) throw new ProtocolError('legacy_master');
  return typeof master === 'string' ? utf8(master) : master;
}
