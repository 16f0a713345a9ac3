import { expect, test } from '@jest/globals';
import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { memoryPositions } from '../../connectors/postgres/memory-positions.ts';
import { NO_SIGNALS } from './events.ts';
import { Intake } from './intake.ts';
import { ALL_RULES } from './rules/rules.ts';

const LIMITS = { maxRecords: 10, maxBytes: 1_000, lingerMs: 1_000 };

function intakeAt(clock: { now: number }) {
  const input = {
    partition: 0,
    revoked: new AbortController().signal,
    seek: () => undefined,
    poll: async () => [],
    endOffset: async () => 0,
    showProgress: () => undefined,
  };
  const edges = {
    positions: memoryPositions('00'),
    lookup: new MemoryLog().lookup(),
    clock: { now: () => clock.now, sleep: async () => undefined },
    random: { float: () => 0, bytes: () => new Uint8Array() },
    signals: NO_SIGNALS,
    rules: ALL_RULES,
  };
  const intake = new Intake(edges, input, (record) => record.offset);
  intake.judge([{ offset: 0, key: new Uint8Array(), value: Uint8Array.of(1), headers: {} }]);
  return intake;
}

test('a flush is due when its first record has waited', () => {
  const clock = { now: 5_000_000 };
  const intake = intakeAt(clock);
  expect(intake.isDue(LIMITS)).toBe(false);
  clock.now += 1_000;
  expect(intake.isDue(LIMITS)).toBe(true);
});

test('a flush does not wait for a clock that was set back to catch up', () => {
  const clock = { now: 5_000_000 };
  const intake = intakeAt(clock);
  clock.now -= 3_600_000;
  expect(intake.isDue(LIMITS)).toBe(true);
});
