import { randomBytes } from 'node:crypto';
import { encode } from '@ipld/dag-cbor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CID } from 'multiformats/cid';
import { ready } from '../../protocol/index.ts';
import { carOf } from '../../services/pinner/car.ts';
import { cidOf } from '../../services/pinner/cid.ts';
import { manifestOf } from '../../services/pinner/manifest.ts';
import type { IpfsCluster } from '../../services/pipeline/ports/ipfs.ts';

/** What every IPFS cluster promises. */
export function ipfsContract(name: string, open: () => Promise<IpfsCluster>): void {
  describe(`IPFS contract: ${name}`, () => {
    let ipfs: IpfsCluster;
    beforeAll(async () => {
      await ready();
      ipfs = await open();
    });
    afterAll(() => ipfs.close());

    const block = (size: number) => {
      const bytes = encode({ v: 1, filling: new Uint8Array(randomBytes(size)) });
      return { cid: cidOf(bytes), bytes };
    };
    const flush = (sizes: readonly number[]) => {
      const blocks = sizes.map(block);
      const manifest = manifestOf(blocks.map(({ cid }) => cid));
      const root = { cid: manifest.cid, bytes: manifest.block };
      return { root, blocks, car: carOf(root.cid, [root, ...blocks]) };
    };
    const isPinned = async (cid: CID) => {
      for await (const pin of ipfs.pins()) if (pin.equals(cid)) return true;
      return false;
    };

    test('a CAR is imported with all its blocks and pinned once, at its root', async () => {
      const { root, blocks, car } = flush([100, 1_000_000, 5]);
      await ipfs.importCar(car, root.cid);
      for (const { cid, bytes } of [root, ...blocks]) {
        expect(Buffer.compare(await ipfs.block(cid), bytes)).toBe(0);
        expect(Buffer.compare(await ipfs.unchecked(cid), bytes)).toBe(0);
      }
      expect(await isPinned(root.cid)).toBe(true);
      expect(await isPinned((blocks[0] as { cid: CID }).cid)).toBe(false);
    });

    test('importing again changes nothing', async () => {
      const { root, car } = flush([10]);
      await ipfs.importCar(car, root.cid);
      await ipfs.importCar(car, root.cid);
      expect(await isPinned(root.cid)).toBe(true);
    });

    test('a block of 1 MiB fits', async () => {
      const { root, blocks, car } = flush([1024 * 1024 - 20]);
      expect(blocks[0]?.bytes.length).toBeLessThanOrEqual(1024 * 1024);
      await ipfs.importCar(car, root.cid);
    });

    test('another root than the one computed here stops the room', async () => {
      const { car } = flush([10]);
      await expect(ipfs.importCar(car, block(3).cid)).rejects.toMatchObject({ code: 'cid_mismatch', retriable: false });
    });

    test('a manifest whose segment is missing is not called pinned', async () => {
      const missing = block(50);
      const manifest = manifestOf([missing.cid]);
      const car = carOf(manifest.cid, [{ cid: manifest.cid, bytes: manifest.block }]);
      await expect(ipfs.importCar(car, manifest.cid)).rejects.toHaveProperty('code');
      expect(await isPinned(manifest.cid)).toBe(false);
    });

    test('bytes that are not what their CID says are refused', async () => {
      const { cid } = block(20);
      const car = carOf(cid, [{ cid, bytes: encode({ v: 2 }) }]);
      await expect(ipfs.importCar(car, cid)).rejects.toHaveProperty('code');
      await expect(ipfs.block(cid)).rejects.toHaveProperty('code');
    });

    test('blocks that are put are there and not pinned; a DAG over them is pinned once, and unpinned again', async () => {
      const raw = new Uint8Array(randomBytes(2 ** 20 + 16));
      const leaf = { cid: CID.createV1(0x55, cidOf(raw).multihash), bytes: raw };
      const top = manifestOf([leaf.cid]);
      await ipfs.put(leaf.cid, leaf.bytes);
      await ipfs.put(top.cid, top.block);
      expect(Buffer.compare(await ipfs.block(leaf.cid), raw)).toBe(0);
      expect([await isPinned(leaf.cid), await isPinned(top.cid)]).toEqual([false, false]);
      await ipfs.pin(top.cid);
      await ipfs.pin(top.cid);
      expect([await isPinned(leaf.cid), await isPinned(top.cid)]).toEqual([false, true]);
      await ipfs.unpin(top.cid);
      expect(await isPinned(top.cid)).toBe(false);
      await ipfs.unpin(top.cid);
    });

    test('a block is not put under the address of another', async () => {
      await expect(ipfs.put(block(9).cid, block(9).bytes)).rejects.toMatchObject({ code: 'cid_mismatch' });
    });

    test('a DAG of which a block is missing is not pinned, and may be later', async () => {
      const missing = block(60);
      const top = manifestOf([missing.cid]);
      await ipfs.put(top.cid, top.block);
      await expect(ipfs.pin(top.cid)).rejects.toMatchObject({ code: 'ipfs_not_found', retriable: true });
      expect(await isPinned(top.cid)).toBe(false);
      await ipfs.put(missing.cid, missing.bytes);
      await ipfs.pin(top.cid);
      expect(await isPinned(top.cid)).toBe(true);
    });

    test('a block that nobody has is a retriable miss', async () => {
      const miss = { code: 'ipfs_not_found', retriable: true };
      await expect(ipfs.block(block(30).cid)).rejects.toMatchObject(miss);
      await expect(ipfs.unchecked(block(30).cid)).rejects.toMatchObject(miss);
    });
  });
}
