import { basename, dirname, relative } from 'node:path';
import type { HeldRow, HeldRows } from '../../../services/pipeline/ports/sink.ts';
import { exists } from './tolerant.ts';
import { tablesIn, walk } from './walk.ts';

/** What can read a file of an export back. */
export interface FileReader {
  readonly extension: string;
  read(path: string, app: string): AsyncIterable<readonly HeldRow[]>;
}

/** `<table>/app=<hex>/dt=…/<file>` */
export function placeOf(path: string): { readonly table: string; readonly app: string } {
  const ofApp = dirname(dirname(path));
  return { table: basename(dirname(ofApp)), app: basename(ofApp).slice('app='.length) };
}

/**
 * Shows the rows of every file that a glob finds. A file that goes while this looks was merged or erased: then its rows may be in one that was
 * not there before, and what is there now and was not read yet is read too.
 */
export async function heldIn(root: string, format: FileReader, show: (some: HeldRows) => Promise<void>): Promise<void> {
  const seen = new Set<string>();

  /** @returns false when the file is not there any more */
  async function read(path: string): Promise<boolean> {
    const { table, app } = placeOf(path);
    try {
      for await (const rows of format.read(path, app)) await show({ table, place: relative(root, path), rows });
    } catch (error) {
      if (await exists(path)) throw error;
      return false;
    }
    return true;
  }

  for (let complete = false; !complete; ) {
    complete = true;
    for (const table of await tablesIn(root)) {
      for (const path of await walk(table, format.extension)) {
        if (seen.has(path)) continue;
        seen.add(path);
        if (!(await read(path))) complete = false;
      }
    }
  }
}
