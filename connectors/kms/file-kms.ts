import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toHex } from '../../protocol/index.ts';
import type { Clock, Random } from '../../services/pipeline/clock.ts';
import { FatalError } from '../../services/pipeline/errors.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';
import { SecretBytes } from '../vault/secret-bytes.ts';
import { currentOf, formatKekList, type KekList, missingKek, parseKekList } from './kek-list.ts';

/** A key made by another process is current here at most this much later. Milliseconds. */
const READ_AGAIN_MS = 1_000;
/** What a folder answers that may not be written to, or in which the file is a mount of its own (as containers mount a single secret). */
const READ_ONLY = ['EACCES', 'EBUSY', 'EPERM', 'EROFS', 'EXDEV'];

const isReadOnly = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && READ_ONLY.includes(String(error.code));

/**
 * Keys in the file that `DDC_KEK_FILE` names, one line each; shared by all processes of the deployment. It is replaced, not written over,
 * so its folder must be writable for whoever changes it, and only one process may change it at a time: see `withKekLock`.
 * @param clock monotonic milliseconds
 */
export function createFileKms(path: string, clock: Pick<Clock, 'now'>, random: Pick<Random, 'bytes'>): Kms {
  let kept: { readonly keks: KekList; readonly at: number } | null = null;

  async function read(): Promise<KekList> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (cause) {
      throw new FatalError('kek_file', `The KEK file ${path} cannot be read: set DDC_KEK_FILE to it.`, { cause });
    }
    const keks = parseKekList(text);
    kept = { keks, at: clock.now() };
    return keks;
  }
  const beside = (name: string) => `${path}.${name}-${toHex(random.bytes(8))}`;
  const recent = async () => (kept && clock.now() - kept.at < READ_AGAIN_MS ? kept.keks : read());

  /** The old file or the new one, never half of one, also after a crash. */
  async function write(keks: KekList): Promise<void> {
    const next = beside('next');
    try {
      const file = await open(next, 'wx', 0o600);
      try {
        await file.writeFile(formatKekList(keks));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(next, path);
    } catch (cause) {
      await rm(next, { force: true });
      if (!isReadOnly(cause)) throw cause;
      const advice = 'put it in a folder that the API and whoever runs `ddc kek` may write to';
      throw new FatalError('kms_read_only', `The KEK file ${path} cannot be replaced: ${advice}.`, { cause });
    }
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    kept = { keks, at: clock.now() };
  }

  return {
    current: async () => currentOf(await recent()),
    async version(version) {
      const kek = (await recent()).get(version) ?? (await read()).get(version);
      if (!kek) throw missingKek(version);
      return kek;
    },
    async changeable() {
      // A second name for the file needs what replacing it needs, and changes nothing.
      const probe = beside('probe');
      try {
        await link(path, probe);
        return true;
      } catch (error) {
        if (isReadOnly(error)) return false;
        throw error;
      } finally {
        await rm(probe, { force: true });
      }
    },
    versions: async () => [...(await read()).keys()].sort((a, b) => a - b),
    async create() {
      const keks = await read();
      const version = currentOf(keks).version + 1;
      await write(new Map(keks).set(version, { version, key: SecretBytes.of32(random.bytes(32)) }));
      return version;
    },
    async destroy(version) {
      const keks = new Map(await read());
      if (version === currentOf(keks).version)
        throw new FatalError('kek_current', `KEK ${version} is the current one: rotate first.`);
      if (keks.delete(version)) await write(keks);
    },
  };
}
