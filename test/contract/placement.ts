import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ready } from '../../protocol/index.ts';
import { cidOf } from '../../services/pinner/cid.ts';
import { type Clusters, DEFAULT_CLUSTER } from '../../services/pipeline/ports/clusters.ts';
import type { Pins } from '../../services/pipeline/ports/pins.ts';

/** What every store of clusters and pins promises. Partitions are random, so that suites may share a database. */
export function placementContract(name: string, open: () => { clusters: Clusters; pins: Pins }): void {
  describe(`placement contract: ${name}`, () => {
    beforeAll(() => ready());
    const wallet = () => new Uint8Array(randomBytes(32));
    const root = () => cidOf(new Uint8Array(randomBytes(40)));
    const partition = () => randomBytes(3).readUIntBE(0, 3);

    test('a wallet is in the default cluster until it is associated with another', async () => {
      const { clusters } = open();
      const [mine, other] = [wallet(), wallet()];
      await clusters.associate(mine, 'berlin');
      expect(await clusters.of([other, mine, other, mine])).toEqual([
        DEFAULT_CLUSTER,
        'berlin',
        DEFAULT_CLUSTER,
        'berlin',
      ]);
      await clusters.associate(mine, 'tokyo');
      expect(await clusters.of([mine])).toEqual(['tokyo']);
      expect(await clusters.of([])).toEqual([]);
    });

    test('pins are found once the mark has passed their whole range, oldest first', async () => {
      const { pins } = open();
      const at = partition();
      const [late, early, running] = [
        { cluster: 'berlin', root: root(), partition: at, first: 10, last: 19 },
        { cluster: 'berlin', root: root(), partition: at, first: 0, last: 9 },
        { cluster: 'berlin', root: root(), partition: at, first: 20, last: 30 },
      ];
      await pins.record([late, running]);
      await pins.record([early, { ...early, partition: at + 1, root: root() }]);
      await pins.record([]);
      const found = await pins.upTo(at, 29);
      expect(found.map((pin) => ({ ...pin, root: String(pin.root) }))).toEqual(
        [early, late].map((pin) => ({ ...pin, root: String(pin.root) })),
      );
    });

    test('recording a pin again changes nothing; the same root in another cluster is another pin', async () => {
      const { pins } = open();
      const at = partition();
      const pin = { cluster: 'berlin', root: root(), partition: at, first: 1, last: 2 };
      await pins.record([pin]);
      await pins.record([pin, { ...pin, cluster: 'tokyo' }]);
      expect((await pins.upTo(at, 2)).map(({ cluster }) => cluster)).toEqual(['berlin', 'tokyo']);
    });
  });
}
