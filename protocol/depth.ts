/** The deepest legal nesting is 5 (a scope in a JSON body); beyond this nothing is worth parsing. */
const MAX_DEPTH = 8;
/** Text shorter than this cannot nest deep enough to hurt; it is scanned only when it was refused, to name the reason. */
export const HARMLESS_LENGTH = 4096;

/** Whether JSON text nests deeper than any field of the format; looks at brackets outside strings, stops at the first excess. */
export function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22) {
      i = endOfString(text, i);
      if (i < 0) return false;
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (unit === 0x7d || unit === 0x5d) {
      depth--;
    }
  }
  return false;
}

/** Offset of the quote that ends the string begun at `start`, or -1. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}
