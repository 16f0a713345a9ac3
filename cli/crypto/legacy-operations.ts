import { fromHex, fromUtf8, toHex, utf8 } from '../../protocol/index.ts';
import {
  decodeLegacy,
  type EventFields,
  encodeG1,
  eventFromG1,
  type G1Request,
  type Generation,
  type LegacyRequest,
  RULES,
} from '../../protocol/legacy/index.ts';
import type { Input, Operation } from '../vector-operations.ts';

function text(input: Input, name: string): string {
  const value = input[name];
  if (typeof value !== 'string') throw new Error(`in.${name} is not text`);
  return value;
}

/** Byte strings one after the other, for nonces and salts. */
function supply(values: unknown): () => Uint8Array {
  const left = [...(values as string[])];
  return () => {
    const next = left.shift();
    if (next === undefined) throw new Error('the case gives too few');
    return fromHex(next);
  };
}

/** Texts where bytes are text, as they are in every case. */
const textsOf = (scopes: ReadonlyMap<string, Uint8Array> | undefined) =>
  Object.fromEntries([...(scopes ?? [])].map(([name, bytes]) => [name, fromUtf8(bytes)]));

/** Operations that vectors of the four generations before v1 may name. */
export const LEGACY_OPERATIONS: Readonly<Record<string, Operation>> = {
  legacy_key: (input) => ({
    key: toHex(RULES[input.generation as Generation].key(utf8(text(input, 'master')), text(input, 'place'))),
  }),
  legacy_decode: (input) => {
    const opened = decodeLegacy({
      data: input.data_hex === undefined ? text(input, 'data') : fromHex(text(input, 'data_hex')),
      master: text(input, 'master'),
      generation: input.generation === 'auto' ? undefined : (input.generation as Generation),
      path: input.path as string | undefined,
      merge: input.merge as LegacyRequest['merge'],
    });
    return {
      ...opened,
      plaintext: fromUtf8(opened.plaintext),
      scopes: textsOf(opened.scopes),
      warnings: opened.warnings.map(({ code }) => code),
    };
  },
  legacy_encode: (input) => ({
    document: encodeG1({
      data: text(input, 'data'),
      master: text(input, 'master'),
      scopes: (input.scopes ?? {}) as NonNullable<G1Request['scopes']>,
      nonce: supply(input.nonces),
    }),
  }),
  legacy_event: (input) => ({
    event: eventFromG1(text(input, 'data'), text(input, 'master'), {
      ...(input.event as Omit<EventFields, 'salt'>),
      rename: (input.rename ?? {}) as Record<string, string>,
      salt: supply(input.salts),
    }),
  }),
};
