const encoder = new TextEncoder();
/** Below this many characters a plain loop beats the call of the encoder. */
const LOOP = 48;

/** Writes text that is known to be ASCII. */
export function writeAscii(heap: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) heap[at + i] = text.charCodeAt(i);
}

/** Writes the UTF-8 of well-formed text straight into wasm memory, where 3 bytes a character are reserved. @returns its length in bytes. */
export function writeText(heap: Uint8Array, at: number, text: string): number {
  if (text.length < LOOP) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) break;
      heap[at + i] = unit;
    }
    if (i === text.length) return i;
  }
  return encoder.encodeInto(text, heap.subarray(at, at + 3 * text.length)).written;
}
