/** A page of a kilobyte: filling it costs little more than filling one word. */
const WORDS = 256;

/**
 * Random numbers below 2³² for libsodium's wasm, which fetches its randomness a word at a time, eight times for one ephemeral key. They are taken
 * from the platform many at once; each is given once, and overwritten.
 */
export function randomWords(): () => number {
  const words = new Uint32Array(WORDS);
  let left = 0;
  return () => {
    if (left === 0) {
      globalThis.crypto.getRandomValues(words);
      left = WORDS;
    }
    left -= 1;
    const word = words[left] as number;
    words[left] = 0;
    return word;
  };
}
