/** The part of a wasm module's allocator that is needed here. */
interface Allocator {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _crypto_generichash(
    out: number,
    outLength: 32,
    at: number,
    length: number,
    high: 0,
    key: number,
    keyLength: 32,
  ): number;
}

/** In front of each block of dlmalloc: its size with this head, the low three bits being flags. */
const HEAD = 4;
const FLAGS = 7;

const sizeOf = ({ HEAPU8 }: Allocator, pointer: number): number =>
  (new DataView(HEAPU8.buffer, HEAPU8.byteOffset).getUint32(pointer - HEAD, true) & ~FLAGS) - HEAD;

/**
 * Makes freed blocks empty: libsodium's wrappers copy keys into wasm memory and free them as they are, where they would stay until
 * something else takes the place. @returns false, with nothing changed, when the allocator is not the one that is known
 */
export function clearOnFree(wasm: Allocator): boolean {
  for (const bytes of [16, 32, 100, 5_000]) {
    const pointer = wasm._malloc(bytes);
    const size = sizeOf(wasm, pointer);
    wasm._free(pointer);
    if (size < bytes || size > bytes + 16) return false;
  }
  const free = wasm._free;
  wasm._free = (pointer) => {
    if (pointer !== 0) wasm.HEAPU8.fill(0, pointer, pointer + sizeOf(wasm, pointer));
    free(pointer);
  };
  return true;
}

/** Overwrites what the last hash under a key has left on the stack of wasm: the same call with zeros takes the same frames. */
export function clearStack(wasm: Allocator): void {
  const area = wasm._malloc(96);
  wasm.HEAPU8.fill(0, area, area + 96);
  wasm._crypto_generichash(area, 32, area + 32, 32, 0, area + 64, 32);
  wasm._free(area);
}
