import { expect, test } from '@jest/globals';
import { RetriableError } from '../pipeline/errors.ts';
import { createRevokedTokens } from './auth/revoked-tokens.ts';
import { dependenciesOf } from './dependencies.ts';
import { createReadiness } from './readiness.ts';

function world() {
  const state = {
    at: 0,
    phase: 'serving' as 'starting' | 'serving' | 'draining',
    kafka: true,
    ipfs: true,
    swept: 0,
    asked: 0,
  };
  const away = async () => {
    throw new RetriableError('unreachable', 'host db.internal:5432 is away');
  };
  const revoked = createRevokedTokens({
    revocations: { since: async (mark) => mark },
    now: () => 0,
    elapsed: () => state.at,
  });
  const dependencies = dependenciesOf({
    log: async () => {
      state.asked += 1;
      if (!state.kafka) await away();
    },
    database: async () => undefined,
    ipfs: async () => {
      if (!state.ipfs) await away();
    },
    sweptMsAgo: () => state.swept,
    revokedTokens: revoked.mustBeFresh,
  });
  return {
    state,
    revoked,
    readiness: createReadiness(
      dependencies,
      () => state.phase,
      () => state.at,
    ),
  };
}

test('what it depends on decides, and why is told without names of machines', async () => {
  const { state, revoked, readiness } = world();
  await revoked.refresh();
  expect(await readiness.look()).toMatchObject({ ready: true, state: 'ready', dependencies: { kafka: { ok: true } } });
  state.kafka = false;
  state.at += 2_000;
  expect(await readiness.look()).toEqual({
    ready: false,
    state: 'not ready',
    dependencies: {
      kafka: { ok: false, required: true, why: 'unreachable' },
      postgresql: { ok: true, required: true },
      ipfs: { ok: true, required: false },
      removals: { ok: true, required: false },
      'revoked-tokens': { ok: true, required: false },
    },
  });
});

test('without IPFS, or with a late sweeper, it is degraded and stays ready', async () => {
  const { state, readiness } = world();
  state.ipfs = false;
  state.swept = 61_000;
  expect(await readiness.look()).toMatchObject({
    ready: true,
    state: 'degraded',
    dependencies: { ipfs: { ok: false }, removals: { ok: false } },
  });
});

test('while revoked tokens cannot be read it is degraded: what is signed is taken, no token is', async () => {
  const { state, revoked, readiness } = world();
  await revoked.refresh();
  expect(await readiness.look()).toMatchObject({ state: 'ready' });
  state.at = 15_001;
  expect(await readiness.look()).toMatchObject({
    ready: true,
    state: 'degraded',
    dependencies: {
      'revoked-tokens': { ok: false, required: false, why: 'unavailable' },
    },
  });
  await revoked.refresh();
  state.at += 2_000;
  expect(await readiness.look()).toMatchObject({ state: 'ready' });
});

test('however often anybody looks, dependencies are asked once in 2 s', async () => {
  const { state, readiness } = world();
  await Promise.all(Array.from({ length: 50 }, () => readiness.look()));
  state.at += 1_999;
  await readiness.look();
  expect(state.asked).toBe(1);
  state.at += 1;
  await readiness.look();
  expect(state.asked).toBe(2);
});

test('one that does not answer is given up after a second', async () => {
  const never = { name: 'postgresql', required: true, check: () => new Promise(() => undefined) };
  const readiness = createReadiness(
    [never],
    () => 'serving',
    () => 0,
  );
  const since = performance.now();
  expect(await readiness.look()).toMatchObject({ ready: false, dependencies: { postgresql: { ok: false } } });
  expect(performance.now() - since).toBeLessThan(20_000);
});

test('starting and draining are not ready, whatever is there', async () => {
  const { state, readiness } = world();
  for (const phase of ['starting', 'draining'] as const) {
    state.phase = phase;
    expect(await readiness.look()).toMatchObject({ ready: false, state: phase });
  }
});
