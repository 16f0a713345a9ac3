import { beforeAll, expect, test } from '@jest/globals';
import { MemoryLog } from '../../../connectors/kafka/memory-log.ts';
import { memoryCodecs } from '../../../connectors/registry/index.ts';
import { ready } from '../../../protocol/index.ts';
import { removalsCompleted } from '../../../topics/removals-completed.ts';
import { removalLog } from './removal-log.ts';

beforeAll(() => ready());

test('reports are sent together; where there is no export nobody reports, and nothing is sent', async () => {
  const log = new MemoryLog();
  log.createTopic(removalsCompleted.name, 1);
  const completed = await removalLog(memoryCodecs(), log.writer(), removalsCompleted);
  await completed([]);
  expect(log.records(removalsCompleted.name, 0)).toEqual([]);
  const report = (reporter: string) => ({ id: new Uint8Array(16).fill(1), reporter, completedAt: 1 });
  await completed([report('exporter:a'), report('exporter:b')]);
  expect(log.records(removalsCompleted.name, 0)).toHaveLength(2);
});
