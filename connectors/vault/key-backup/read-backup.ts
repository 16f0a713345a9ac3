import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { FatalError } from '../../../services/pipeline/errors.ts';
import {
  type BackedUpRoot,
  type BackupEnd,
  type BackupHead,
  damaged,
  isEnd,
  parseEnd,
  parseHead,
  parseRoot,
} from './backup-lines.ts';

const PAGE = 500;
/** No line is longer than a few hundred bytes. */
const MOST_LINE = 100_000;

/**
 * Reads a backup once, by pages. Only after it has resolved is what the pages showed known to be whole.
 * @throws FatalError `backup_file`, `backup_version`, `backup_damaged`
 */
export async function readKeyBackup(
  path: string,
  page: (roots: readonly BackedUpRoot[]) => Promise<void>,
): Promise<BackupHead & BackupEnd> {
  const hash = createHash('sha256');
  let head: BackupHead | null = null;
  let end: BackupEnd | null = null;
  let waiting: BackedUpRoot[] = [];
  let roots = 0;
  const give = async () => {
    roots += waiting.length;
    const those = waiting;
    waiting = [];
    if (those.length > 0) await page(those);
  };
  let at = 0;
  for await (const line of linesOf(path)) {
    at += 1;
    if (end) throw damaged('something stands behind its last line');
    if (!head) head = parseHead(line);
    else if (isEnd(line)) end = parseEnd(line);
    else waiting.push(parseRoot(line, at));
    if (!end) hash.update(`${line}\n`);
    if (waiting.length === PAGE) await give();
  }
  if (!head || !end) throw damaged('its end is missing');
  await give();
  if (hash.digest('hex') !== end.sha256 || roots !== end.roots) throw damaged('its checksum is another');
  return { ...head, ...end };
}

/** Lines without their LF. What stands behind the last LF is no line. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > MOST_LINE) throw damaged('a line has no end');
    }
  } catch (cause) {
    if (cause instanceof FatalError) throw cause;
    throw new FatalError('backup_file', `The backup ${path} cannot be read.`, { cause });
  }
  if (rest !== '') throw damaged('its end is missing');
}
