import { ApiProblem } from '../problems.ts';

/** Bytes of a blob: from, up to and without. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

const SINGLE = /^bytes=(\d{1,15})?-(\d{1,15})?$/;

/**
 * The one range that a request asks for, or null: of several, or of what cannot be read, the whole is answered (RFC 9110 §14.2).
 * @throws ApiProblem `range_not_satisfiable` when it names no byte that is there
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | null {
  const [, first, last] = SINGLE.exec(header?.trim() ?? '') ?? [];
  if (first === undefined && last === undefined) return null;
  if (first === undefined) {
    const length = Math.min(Number(last), size);
    if (length === 0) throw new ApiProblem('range_not_satisfiable', { size });
    return { from: size - length, to: size };
  }
  const from = Number(first);
  const to = last === undefined ? size : Math.min(Number(last) + 1, size);
  if (last !== undefined && Number(last) < from) return null;
  if (from >= size) throw new ApiProblem('range_not_satisfiable', { size });
  return { from, to };
}
