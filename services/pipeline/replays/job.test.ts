import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ReplayJob, ReplaySpec } from '../ports/replays.ts';
import { decide, isTaken, LEASE_MS, newJob, type ReplayCommand, ReplayRefused } from './job.ts';
import { etaOf, freshProgress, originsDone, originsInAll, withMark, withStretch } from './progress.ts';

const spec: ReplaySpec = {
  app: 'aa'.repeat(32),
  wallet: null,
  types: null,
  from: null,
  to: null,
  scopes: ['purchase'],
  target: { kind: 'sink' },
  sink: { name: 'ndjson', config: { folder: '/tmp/x' } },
  schema: 'text',
  by: 'operator',
  rate: null,
  cpuShare: null,
  host: null,
};
const progress = freshProgress(new Map([[0, 99]]));
const fresh = () => newJob('one', spec, progress, 0);
const run = (commands: readonly ReplayCommand[]): ReplayJob =>
  commands.reduce((job, one) => decide(job, one, 1), fresh());

describe('a replay job', () => {
  const take = { kind: 'take', holder: 'a' } as const;
  const held = { holder: 'a', progress } as const;

  test('is taken, paused, resumed, taken again and done', () => {
    const paused = run([take, { kind: 'pause' }]);
    expect([paused.state, paused.lease?.holder]).toEqual(['paused', 'a']);
    const leaving = decide(paused, { kind: 'beat', ...held, error: null }, 2);
    expect([leaving.state, leaving.lease]).toEqual(['paused', { holder: 'a', until: 2 + LEASE_MS }]);
    const left = decide(leaving, { kind: 'leave', ...held }, 2);
    expect([left.state, left.lease]).toEqual(['paused', null]);
    const again = decide(decide(left, { kind: 'resume' }, 3), { kind: 'take', holder: 'b' }, 4);
    expect([again.state, again.lease?.holder]).toEqual(['running', 'b']);
    const done = decide(again, { kind: 'finish', holder: 'b', progress }, 5);
    expect([done.state, done.endedAt, done.lease]).toEqual(['done', 5, null]);
    const cleared = decide(decide(done, { kind: 'clear' }, 6), { kind: 'clear' }, 7);
    expect([cleared.clearedAt, decide(paused, { kind: 'clear' }, 6)]).toEqual([6, paused]);
  });

  test.each<[string, ReplayCommand[], ReplayCommand, ReplayRefused['code']]>([
    ['two at work', [take], { kind: 'take', holder: 'b' }, 'replay_taken'],
    ['work on a paused one', [{ kind: 'pause' }], take, 'replay_paused'],
    [
      'work on a failed one',
      [take, { kind: 'fail', ...held, error: { code: 'x', message: '' } }],
      take,
      'replay_paused',
    ],
    ['work on a cancelled one', [{ kind: 'cancel' }], take, 'replay_over'],
    ['a pause after the end', [take, { kind: 'finish', ...held }], { kind: 'pause' }, 'replay_over'],
    ['resuming what runs', [take], { kind: 'resume' }, 'replay_not_paused'],
    [
      'resuming what would call done what is missing',
      [take, { kind: 'fail', ...held, error: { code: 'target_moved', message: '' } }],
      { kind: 'resume' },
      'target_moved',
    ],
    ['resuming what was cancelled', [{ kind: 'cancel' }], { kind: 'resume' }, 'replay_over'],
    ['a claim of who never had it', [], { kind: 'claim', ...held }, 'replay_lost'],
    ['the word of who never had it', [take], { kind: 'finish', holder: 'b', progress }, 'replay_lost'],
  ])('refuses %s', (_, before, command, code) => {
    expect(() => decide(run(before), command, 2)).toThrow(ReplayRefused);
    expect(() => decide(run(before), command, 2)).toThrow(expect.objectContaining({ code }));
  });

  test('its target is claimed once, and a trouble before the work is shown until there is work', () => {
    const error = { code: 'bad_configuration', message: 'no key' };
    const troubled = run([{ kind: 'trouble', error }]);
    expect([troubled.state, troubled.error, troubled.claimedAt]).toEqual(['pending', error, null]);
    const claimed = [take, { kind: 'claim', ...held }] as const;
    expect(run([...claimed]).claimedAt).toBe(1);
    expect(decide(run([...claimed]), { kind: 'leave', ...held }, 9).claimedAt).toBe(1);
    expect(run([...claimed, { kind: 'trouble', error }]).error).toBeNull();
    expect(run([take, { kind: 'pause' }, { kind: 'claim', ...held }])).toMatchObject({
      state: 'paused',
      claimedAt: null,
    });
  });

  test('a holder that was not heard of loses it, and whatever it says then', () => {
    const other = decide(run([take]), { kind: 'take', holder: 'b' }, 1 + LEASE_MS);
    expect(other.lease?.holder).toBe('b');
    expect(() => decide(other, { kind: 'beat', ...held, error: null }, 2 + LEASE_MS)).toThrow(
      expect.objectContaining({ code: 'replay_lost' }),
    );
  });

  test('in any order of commands: one holder at a time, an end is an end, and nothing runs against an order', () => {
    const holder = fc.constantFrom('a', 'b', 'c');
    const order = fc.oneof(
      fc.record({ kind: fc.constant('take' as const), holder }),
      fc.record({
        kind: fc.constant('beat' as const),
        holder,
        progress: fc.constant(progress),
        error: fc.constant(null),
      }),
      fc.record({
        kind: fc.constantFrom('leave' as const, 'finish' as const),
        holder,
        progress: fc.constant(progress),
      }),
      fc.record({
        kind: fc.constant('fail' as const),
        holder,
        progress: fc.constant(progress),
        error: fc.constant({ code: 'x', message: '' }),
      }),
      fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const) }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ order, later: fc.nat(LEASE_MS) }), { maxLength: 40 }), (steps) => {
        let job = fresh();
        let now = 0;
        for (const { order: one, later } of steps) {
          now += later;
          const before = job;
          try {
            job = decide(job, one, now);
          } catch (error) {
            if (!(error instanceof ReplayRefused)) throw error;
            continue;
          }
          if (before.state === 'done' || before.state === 'cancelled') expect(job.state).toBe(before.state);
          if (job.state === 'running') expect(job.lease).not.toBeNull();
          if (job.state === 'running' && before.state !== 'running') expect(one.kind).toBe('take');
          if (before.lease && job.lease && before.lease.holder !== job.lease.holder)
            expect(now).toBeGreaterThanOrEqual(before.lease.until);
          if ('holder' in one && one.kind !== 'take') expect(before.lease?.holder).toBe(one.holder);
          if ('holder' in one) expect(isTaken(before, one.holder, now)).toBe(false);
          expect(job.endedAt !== null).toBe(job.state === 'done' || job.state === 'cancelled');
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('progress counts origins, and the time that is left follows from the speed of this run', () => {
  let now = freshProgress(
    new Map([
      [0, 99],
      [1, 99],
    ]),
  );
  expect([originsDone(now), originsInAll(now)]).toEqual([0, 200]);
  now = withStretch(now, 0, { source: 'index', mark: 49, batches: 20, events: 60 });
  now = withMark(now, 1, 150);
  expect([originsDone(now), now.partitions[0]?.index]).toEqual([150, { batches: 20, events: 60 }]);
  const job = { ...decide(fresh(), { kind: 'take', holder: 'a' }, 1_000), progress: now };
  expect(etaOf({ ...job, run: { at: 1_000, origins: 50 } }, 11_000)).toBe(5_000);
  expect(etaOf({ ...job, run: { at: 11_000, origins: 150 } }, 11_000)).toBeNull();
  expect(etaOf({ ...job, state: 'paused' }, 11_000)).toBeNull();
});
