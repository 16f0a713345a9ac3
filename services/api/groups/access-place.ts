import { z } from 'zod';
import { fromBase64url, ProtocolError, toBase64url, utf8 } from '../../../protocol/index.ts';
import type { AccessPlace } from '../../pipeline/ports/consents.ts';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';

const count = z.int().min(0);
const parts = z.tuple([count, z.string(), z.string(), count.max(0x7fff_ffff), count.max(0xffff_ffff), requestId]);

/** A place in the access log as callers carry it. */
export const formatPlace = ({ first, reader, scope, rootVersion, epoch, by }: AccessPlace): string =>
  toBase64url(utf8(JSON.stringify([first, reader, scope, rootVersion, epoch, by])));

/** @throws ApiProblem `invalid` for what `formatPlace` did not make */
export function parsePlace(text: string): AccessPlace {
  const read = parts.safeParse(jsonOf(text));
  if (!read.success) throw new ApiProblem('invalid', { detail: 'after: must be `next` of the page before' });
  const [first, reader, scope, rootVersion, epoch, by] = read.data;
  return { first, reader, scope, rootVersion, epoch, by };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(fromBase64url(text)));
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
