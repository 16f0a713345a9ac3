import { open, readFile } from 'node:fs/promises';

interface Region {
  readonly from: bigint;
  readonly to: bigint;
}

const CHUNK = 4 * 1024 * 1024;

/**
 * Searches the memory of another process (Linux, same user or root) for byte strings of the same length.
 * @returns the names of those that were found
 */
export async function searchMemory(pid: number, wanted: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  const found = new Set<string>();
  const needles = [...wanted].map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
  const longest = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  const memory = await open(`/proc/${pid}/mem`, 'r');
  try {
    for (const { from, to } of await writableRegions(pid)) {
      for (let at = from; at < to; at += BigInt(CHUNK)) {
        const length = Number(to - at < BigInt(CHUNK + longest) ? to - at : BigInt(CHUNK + longest));
        const chunk = Buffer.alloc(length);
        const read = await memory.read(chunk, 0, length, at as never).catch(() => null);
        // A region may have gone since the list was read.
        if (!read) break;
        for (const { name, bytes } of needles) if (!found.has(name) && chunk.includes(bytes)) found.add(name);
      }
    }
  } finally {
    await memory.close();
  }
  return [...found].sort();
}

async function writableRegions(pid: number): Promise<Region[]> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  return maps.split('\n').flatMap((line): Region[] => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match ? [{ from: BigInt(`0x${match[1]}`), to: BigInt(`0x${match[2]}`) }] : [];
  });
}
