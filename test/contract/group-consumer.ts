import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { GroupConsumer, KeptOffset, PartitionInput } from '../../services/pipeline/ports/log.ts';

export interface GroupUnderTest {
  makeTopic(partitions: number): Promise<string>;
  newGroup(): string;
  /** A member, not yet running. */
  consumer(group: string, topic: string): GroupConsumer;
  close(): Promise<void>;
}

/** What a group keeps itself, in Kafka and in its twin. */
export function groupConsumerContract(name: string, open: () => Promise<GroupUnderTest>): void {
  describe(`offsets that a group keeps: ${name}`, () => {
    let it: GroupUnderTest;
    let topic: string;
    let group: string;
    const members: GroupConsumer[] = [];

    beforeEach(async () => {
      it = await open();
      topic = await it.makeTopic(2);
      group = it.newGroup();
    }, 60_000);
    afterEach(async () => {
      for (const member of members.splice(0)) await member.stop();
      await it.close();
    }, 60_000);

    function member(): GroupConsumer {
      const made = it.consumer(group, topic);
      members.push(made);
      return made;
    }

    /** Joins. @returns once it has both partitions */
    async function joined(): Promise<GroupConsumer> {
      const made = member();
      await new Promise<void>((resolve, reject) => {
        const held = new Set<number>();
        const serve = async ({ partition, revoked }: PartitionInput) => {
          held.add(partition);
          if (held.size === 2) resolve();
          await new Promise<void>((over) => revoked.addEventListener('abort', () => over(), { once: true }));
        };
        made.run(serve).catch(reject);
      });
      return made;
    }

    const kept = (next: number, note: string): KeptOffset => ({ next, note });

    test('a new group keeps nothing; what is kept is there with its note, for the next member, too', async () => {
      const first = await joined();
      expect(await first.kept()).toEqual(new Map());
      await first.keep(new Map([[1, kept(7, '{"mark":41}')]]));
      await first.keep(new Map([[0, kept(0, 'ü')]]));
      const both = new Map([
        [0, kept(0, 'ü')],
        [1, kept(7, '{"mark":41}')],
      ]);
      expect(await first.kept()).toEqual(both);
      await first.stop();
      const second = await joined();
      expect(await second.kept()).toEqual(both);
      await second.keep(new Map([[1, kept(8, '')]]));
      expect((await second.kept()).get(1)).toEqual(kept(8, ''));
    }, 60_000);

    test('who is no member keeps nothing: before it has joined, and after it has left', async () => {
      const one = member();
      const offsets = new Map([[0, kept(3, 'x')]]);
      await expect(one.keep(offsets)).rejects.toMatchObject({ code: 'not_a_member', retriable: true });
      const other = await joined();
      await other.stop();
      await expect(other.keep(offsets)).rejects.toMatchObject({ retriable: true });
      expect(await one.kept()).toEqual(new Map());
    }, 60_000);
  });
}
