import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fromHex, META_SCOPE, scopeKey, toHex, transitKeyPair } from '../../protocol/index.ts';
import { heapSnapshots, secretsIn, stringForms } from '../support/heap-snapshot.ts';
import { postBatch } from '../support/posting.ts';
import { type SuiteSandbox, suiteSandbox } from '../support/sandbox.ts';
import { createTestSigner } from '../support/signed-batches.ts';

const ROOMS = ['api', 'encryptor'] as const;
const WALLETS = 8;

const heaps = { api: heapSnapshots(), encryptor: heapSnapshots(), child: heapSnapshots() };
let it: SuiteSandbox;
beforeAll(async () => {
  const roomEnv = {
    api: { NODE_OPTIONS: heaps.api.options },
    encryptor: { NODE_OPTIONS: heaps.encryptor.options },
  };
  it = await suiteSandbox('heap', { rooms: ROOMS, roomEnv });
}, 120_000);
afterAll(async () => {
  await it?.close();
  for (const heap of Object.values(heaps)) heap.close();
});

/** Writes as fast as it is answered until stopped. */
function load(signers: readonly ReturnType<typeof createTestSigner>[]) {
  let running = true;
  let written = 0;
  const failures: unknown[] = [];
  const writing = signers.map(async (signer) => {
    while (running) {
      const answer = await postBatch(it.deployment.api, signer.sign({ issuedAt: Date.now() }).ndjson);
      if (answer.status === 202) written += 1;
      else failures.push(answer);
    }
  });
  return {
    failures,
    async stop() {
      running = false;
      await Promise.all(writing);
      return written;
    },
  };
}

async function secretsOf(wallets: readonly Uint8Array[]): Promise<Map<string, Uint8Array>> {
  const { stores, app, deployment } = it;
  const roots = await stores.vault.roots(wallets.map((wallet) => ({ app, wallet, rootVersion: 1 })));
  const secrets = new Map<string, Uint8Array>();
  for (const [i, root] of roots.entries()) {
    if (!root) throw new Error('a wallet that has written has no root');
    secrets.set(`${i}/root`, new Uint8Array(root.userRoot));
    secrets.set(`${i}/transit`, new Uint8Array(transitKeyPair(root.userRoot).secretKey));
    for (const scope of ['purchase', 'profile', META_SCOPE])
      secrets.set(`${i}/${scope}`, new Uint8Array(scopeKey(root.userRoot, app, scope, root.epoch)));
  }
  const seed = (path: string) => fromHex(/[0-9a-f]{64}/.exec(readFileSync(path, 'utf8'))?.[0] ?? '', 32);
  secrets.set('KEK', seed(deployment.kekFile));
  secrets.set('receipt seed', seed(it.sandbox.env.DDC_RECEIPT_SEED_FILE ?? ''));
  return secrets;
}

test('no key stands as a string in the heap of a room that works with it, under load', async () => {
  const signers = Array.from({ length: WALLETS }, () => createTestSigner(it.app));
  const flow = load(signers);
  for (const { ndjson } of signers.map((signer) => signer.sign({ issuedAt: Date.now() })))
    expect((await postBatch(it.deployment.api, ndjson)).status).toBe(202);
  const secrets = await secretsOf(signers.map(({ wallet }) => wallet));
  expect(secrets.size).toBe(WALLETS * 5 + 2);
  for (const room of ROOMS) {
    const { rooms } = it.sandbox;
    const pid = rooms.pid(room);
    if (pid === null) throw new Error(`${room} is down`);
    const strings = await heaps[room].strings(pid, () => fetch(`${rooms.url(room)}/livez`));
    expect(strings.length).toBeGreaterThan(1_000_000);
    // What is no secret is found by the same search.
    expect(strings).toContain('cere-ddc:env:v1');
    expect([room, secretsIn(strings, secrets)]).toEqual([room, []]);
    process.stderr.write(
      `${room}: 0 of ${secrets.size} secrets in ${(strings.length / 1e6).toFixed(1)} MB of strings\n`,
    );
  }
  const written = await flow.stop();
  expect(flow.failures).toEqual([]);
  expect(written).toBeGreaterThan(WALLETS);
}, 120_000);

test('control: strings that a process made of a secret are found, in each form, and put together from parts', async () => {
  const secret = new Uint8Array(randomBytes(32)).map((byte) => byte || 1);
  // As characters it would be cut there, and so it is searched for.
  secret[20] = 0;
  const other = new Uint8Array(randomBytes(32));
  // What it keeps is made of bytes that come in, so that no form stands in its sources or arguments.
  const program = `
    process.stdin.once('data', (bytes) => {
      const [one, two] = [bytes.subarray(0, 32), bytes.subarray(32)];
      globalThis.kept = ['hex', 'base64', 'base64url', 'latin1'].map((form) => one.toString(form));
      globalThis.kept.push(one.toString('hex').toUpperCase(), [...one].join(','));
      let rope = 'rope ';
      for (const byte of two) rope += byte.toString(16).padStart(2, '0');
      globalThis.rope = rope;
      bytes.fill(0);
      process.stdout.write('ready\\n');
      process.stdin.on('data', () => process.stdout.write('turned\\n'));
    });`;
  const child = spawn(process.execPath, ['-e', program], {
    env: { ...process.env, NODE_OPTIONS: heaps.child.options },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    child.stdin.write(Buffer.concat([secret, other]));
    await once(child.stdout, 'data');
    const strings = await heaps.child.strings(child.pid as number, async () => {
      child.stdin.write('x');
      await once(child.stdout, 'data');
    });
    const planted = new Map([
      ['planted', secret],
      ['rope', other],
    ]);
    const forms = Object.keys(stringForms(secret)).map((form) => `planted as ${form}`);
    expect(secretsIn(strings, planted)).toEqual([...forms, 'rope as hex']);
    expect(strings).not.toContain(toHex(new Uint8Array(randomBytes(32))));
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}, 60_000);
