import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

interface Region {
  readonly from: bigint;
  readonly to: bigint;
}

const CHUNK = 4 * 1024 * 1024;

/**
 * Searches the writable memory of another process (Linux, same user or root) for byte strings.
 * @returns the names of those that were found
 * @throws when no byte of it could be read
 */
export function searchMemory(pid: number, wanted: ReadonlyMap<string, Uint8Array>): string[] {
  const found = new Set<string>();
  const needles = [...wanted].map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
  const overlap = Math.max(0, ...needles.map(({ bytes }) => bytes.length));
  let total = 0;
  // Only the synchronous call takes an address beyond 2^53.
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const { from, to } of writableRegions(pid)) {
      for (let at = from; at < to; at += BigInt(CHUNK)) {
        const length = Number(to - at < BigInt(CHUNK + overlap) ? to - at : BigInt(CHUNK + overlap));
        const chunk = Buffer.alloc(length);
        if (!readAt(memory, chunk, at)) break;
        total += length;
        for (const { name, bytes } of needles) if (!found.has(name) && chunk.includes(bytes)) found.add(name);
      }
    }
  } finally {
    closeSync(memory);
  }
  if (total === 0) throw new Error(`no byte of the memory of process ${pid} could be read`);
  return [...found].sort();
}

/** @returns false for a region that has gone since the list was read */
function readAt(memory: number, chunk: Buffer, at: bigint): boolean {
  try {
    return readSync(memory, chunk, 0, chunk.length, at) > 0;
  } catch (error) {
    // Not `instanceof Error`: what Node throws is of another realm than a suite's.
    if ((error as NodeJS.ErrnoException).code === 'EIO') return false;
    throw error;
  }
}

function writableRegions(pid: number): Region[] {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  return maps.split('\n').flatMap((line): Region[] => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
    return match ? [{ from: BigInt(`0x${match[1]}`), to: BigInt(`0x${match[2]}`) }] : [];
  });
}
