import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const BYTES = 512 * 1024 * 1024;
const DOWN_MS = 500;
/** The ioctl of ext4 that ends a file system at once, its journal not written: what power does when it fails. */
const SHUTDOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))`;

/** A place for files that can go away, and comes back as a crash leaves it. */
export interface Disk {
  readonly folder: string;
  /** `power`: what was not forced to disk is lost. `access`: where we may not mount, it can only be taken away for a while. */
  readonly how: 'power' | 'access';
  /** Away for a moment, and back. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Somebody may still be in the middle of a call there. */
async function unmount(folder: string): Promise<void> {
  for (let left = 100; ; left -= 1) {
    try {
      await run('umount', [folder]);
      return;
    } catch (error) {
      if (left === 0) throw error;
      await pause(100);
    }
  }
}

export async function openDisk(): Promise<Disk> {
  const home = await mkdtemp(join(tmpdir(), 'ddc-disk-'));
  const [image, mounted] = [join(home, 'image'), join(home, 'mounted')];
  await mkdir(mounted);
  const mount = () => run('mount', ['-o', 'loop', image, mounted]);
  await writeFile(image, '');
  await truncate(image, BYTES);
  const may =
    userInfo().uid === 0 &&
    (await run('mkfs.ext4', ['-q', image])
      .then(mount)
      .then(
        () => true,
        () => false,
      ));
  const folder = join(mounted, 'export');
  if (!may) {
    await mkdir(folder);
    return {
      folder,
      how: 'access',
      async restart() {
        await chmod(mounted, 0o000);
        await pause(DOWN_MS);
        await chmod(mounted, 0o755);
      },
      close: () => rm(home, { recursive: true, force: true }),
    };
  }
  const endWithUs = () => execFileSync('umount', ['-l', mounted]);
  process.once('exit', endWithUs);
  return {
    folder,
    how: 'power',
    async restart() {
      await run('python3', ['-c', SHUTDOWN, mounted]);
      await pause(DOWN_MS);
      await unmount(mounted);
      await mount();
    },
    async close() {
      process.off('exit', endWithUs);
      await unmount(mounted);
      await rm(home, { recursive: true, force: true });
    },
  };
}
