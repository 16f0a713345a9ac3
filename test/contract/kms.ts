import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../protocol/index.ts';
import type { Kms } from '../../services/pipeline/ports/kms.ts';

/** @param open a KMS that starts with version 1 and may be changed; a second call is another process over the same keys */
export function kmsContract(name: string, open: () => Promise<() => Kms>): void {
  describe(`kms contract: ${name}`, () => {
    test('a new version is the current one, for every process, and old ones stay until they are destroyed', async () => {
      const another = await open();
      const kms = another();
      expect(await kms.changeable()).toBe(true);
      const first = await kms.current();
      expect(first.version).toBe(1);
      expect(await kms.create()).toBe(2);
      expect(await kms.versions()).toEqual([1, 2]);
      const second = await kms.current();
      expect(second.version).toBe(2);
      expect(toHex(second.key)).not.toBe(toHex(first.key));
      expect(toHex((await another().version(2)).key)).toBe(toHex(second.key));
      await expect(kms.destroy(2)).rejects.toMatchObject({ code: 'kek_current' });
      expect(toHex((await kms.version(1)).key)).toBe(toHex(first.key));
      await kms.destroy(1);
      await kms.destroy(1);
      expect(await kms.versions()).toEqual([2]);
      await expect(kms.version(1)).rejects.toMatchObject({ code: 'kek_missing' });
    });

    test('a version that another process has made since is found', async () => {
      const another = await open();
      const [mine, theirs] = [another(), another()];
      await mine.current();
      await theirs.create();
      expect((await mine.version(2)).version).toBe(2);
    });
  });
}
