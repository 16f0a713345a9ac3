import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from '@ipld/dag-cbor';
import { sql } from 'kysely';
import { CID } from 'multiformats/cid';
import type { Stores } from '../../cli/census/stores.ts';

/** What was looked through, and where something was found. */
export interface Search {
  readonly places: number;
  readonly bytes: number;
  readonly hits: readonly string[];
}

/** A text as bytes may hold it: as it is, in hex, and in base64 (or base64url) at each of the three alignments. */
function formsOf(text: string): Buffer[] {
  if (!/^[A-Za-z0-9]+$/.test(text)) throw new Error('only letters and digits look the same in base64 and base64url');
  const hex = Buffer.from(text).toString('hex');
  const aligned = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters at both ends also depend on what stands beside the text.
    return encoded.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  return [text, hex, hex.toUpperCase(), ...aligned].map((form) => Buffer.from(form));
}

/** Collects what `look` is shown. */
function searching(text: string) {
  const forms = formsOf(text);
  const longest = Math.max(...forms.map((form) => form.length));
  const hits: string[] = [];
  let places = 0;
  let bytes = 0;
  return {
    longest,
    place: () => {
      places += 1;
    },
    look(where: string, content: Uint8Array) {
      bytes += content.length;
      const view = Buffer.from(content.buffer, content.byteOffset, content.length);
      if (forms.some((form) => view.includes(form))) hits.push(where);
    },
    result: (): Search => ({ places, bytes, hits }),
  };
}

/** Kafka keeps these at their full size, nearly all of it holes; they hold offsets and times only. */
const INDEX_FILE = /\.(index|timeindex)$/;
const CHUNK = 4 * 1024 * 1024;

/** Every file below these folders, byte by byte. Files that vanish meanwhile are passed over. */
export async function searchFiles(
  text: string,
  folders: readonly string[],
  skip: readonly string[] = [],
): Promise<Search> {
  const search = searching(text);
  const buffer = Buffer.alloc(CHUNK + search.longest);
  async function file(path: string): Promise<void> {
    const handle = await open(path, 'r');
    try {
      search.place();
      let kept = 0;
      for (let at = 0; ; ) {
        const { bytesRead } = await handle.read(buffer, kept, CHUNK, at);
        if (bytesRead === 0) return;
        search.look(path, buffer.subarray(0, kept + bytesRead));
        at += bytesRead;
        // What was cut between two reads is seen whole in the second.
        const end = kept + bytesRead;
        kept = Math.min(search.longest, end);
        buffer.copyWithin(0, end - kept, end);
      }
    } finally {
      await handle.close();
    }
  }
  async function folder(path: string): Promise<void> {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inside = join(path, entry.name);
      if (skip.includes(inside)) continue;
      await (entry.isDirectory()
        ? folder(inside)
        : entry.isFile() && !INDEX_FILE.test(inside)
          ? file(inside)
          : null
      )?.catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
  for (const path of folders) await folder(path);
  return search.result();
}

/** Every record of these topics, as a consumer gets it: decompressed. */
export async function searchRecords(
  text: string,
  { kafka }: Pick<Stores, 'kafka'>,
  topics: readonly string[],
): Promise<Search> {
  const search = searching(text);
  for (const topic of topics) {
    const partitions = await kafka.partitions(topic);
    for (let partition = 0; partition < partitions; partition++) {
      const end = await kafka.endOffset(topic, partition);
      for (let offset = await kafka.firstOffset(topic, partition); offset < end; offset++) {
        const { key, value, headers } = await kafka.readAt(topic, partition, offset);
        search.place();
        for (const part of [key, value, Buffer.from(JSON.stringify(headers))]) {
          search.look(`${topic}/${partition}/${offset}`, part);
        }
      }
    }
  }
  return search.result();
}

/** Every row of every table. */
export async function searchTables(text: string, { database }: Pick<Stores, 'database'>): Promise<Search> {
  const search = searching(text);
  const { rows: tables } = await sql<{ name: string }>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`.execute(database.kysely);
  for (const { name } of tables) {
    const { rows } = await sql<{ row: string }>`SELECT t::text AS row FROM ${sql.table(name)} AS t`.execute(
      database.kysely,
    );
    search.place();
    for (const { row } of rows) search.look(name, Buffer.from(row));
  }
  return search.result();
}

/** Every block under what the pinner pinned. */
export async function searchBlocks(
  text: string,
  { database, ipfs }: Pick<Stores, 'database' | 'ipfs'>,
): Promise<Search> {
  const search = searching(text);
  const { rows } = await sql<{ root: Uint8Array }>`SELECT DISTINCT root FROM pins`.execute(database.kysely);
  async function block(cid: CID): Promise<void> {
    const bytes = await ipfs.block(cid);
    search.place();
    search.look(cid.toString(), bytes);
    for (const link of linksOf(decode(bytes))) await block(link);
  }
  for (const { root } of rows) await block(CID.decode(root));
  return search.result();
}

function linksOf(node: unknown): CID[] {
  const cid = CID.asCID(node);
  if (cid) return [cid];
  if (node instanceof Uint8Array || typeof node !== 'object' || node === null) return [];
  return Object.values(node).flatMap(linksOf);
}
