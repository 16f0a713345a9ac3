import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSubstrateChain } from '../../connectors/chain/substrate-chain.ts';
import { type Chain, FINAL_DEPTH } from '../../services/pipeline/ports/chain.ts';
import { nodeArguments } from '../../stack/built.ts';
import { fundOperator } from '../../stack/chain/fund.ts';
import { eventually } from '../support/room-process.ts';

/** A long value, as only the state is answered. */
const STATE = /"result":"0x[0-9a-f]{100}/;

/** A way to the node that breaks, once it is told to, in the place of the next answer that holds state. */
async function fragileWay(
  to: number,
): Promise<{ server: Server; port: number; breakAtState(): void; broken(): boolean }> {
  let isDue = false;
  let breaks = 0;
  const server = createServer((client) => {
    const node = connect(to, '127.0.0.1');
    node.on('data', (bytes) => {
      if (!isDue || !STATE.test(bytes.toString('latin1'))) return void client.write(bytes);
      isDue = false;
      breaks += 1;
      client.destroy();
      node.destroy();
    });
    client.on('data', (bytes) => void node.write(bytes));
    for (const [one, other] of [[client, node] as const, [node, client] as const])
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    breakAtState: () => {
      isDue = true;
    },
    broken: () => breaks === 1 && !isDue,
  };
}

describe('the sandbox chain, killed and frozen', () => {
  let folder: string;
  let node: ChildProcess;
  let port = 0;
  let chain: Chain;

  async function startNode(): Promise<void> {
    const script = nodeArguments('stack/chain/sandbox.ts');
    const args = [...script, '--port', String(port), '--db', join(folder, 'chain.sqlite')];
    node = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    for await (const line of createInterface({ input: node.stdout as NodeJS.ReadableStream })) {
      const said = JSON.parse(line) as { message: string; port: number };
      if (said.message === 'listening') {
        port = said.port;
        return;
      }
    }
    throw new Error('the chain ended before it listened');
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chain-'));
    await startNode();
    const endpoint = `ws://127.0.0.1:${port}`;
    await fundOperator(endpoint, '//Test//Faults', 1);
    chain = await createSubstrateChain({ endpoint, operator: '//Test//Faults', era: 8, timeoutMs: 4_000 });
  }, 60_000);

  afterAll(async () => {
    await chain?.close();
    node.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('a final block, and what was funded at run time, outlive kill -9; meanwhile calls are retriable', async () => {
    const charge = { app: new Uint8Array(32), pot: 0, fee: 1_000n, remark: new Uint8Array(9) };
    const signed = await chain.sign([charge], await chain.nonce());
    expect(await chain.submit(signed)).toBeNull();
    const block = await eventually('final', async () => {
      const fate = await chain.fate(signed);
      return fate.kind === 'included' && (await chain.isFinal(fate.block, FINAL_DEPTH)) ? fate.block : null;
    });
    const [left] = await chain.available([0]);
    node.kill('SIGKILL');
    await once(node, 'exit');
    await expect(chain.nonce()).rejects.toMatchObject({ retriable: true });
    await startNode();
    const again = await eventually('reconnected', () => chain.fate(signed).catch(() => null));
    expect(again).toMatchObject({ kind: 'included', block });
    expect(await chain.isFinal(block, 1)).toBe(true);
    expect(await chain.available([0])).toEqual([left]);
  }, 90_000);

  it('a question that was open when the connection broke is asked anew, and not answered with the failure of then', async () => {
    const way = await fragileWay(port);
    const endpoint = `ws://127.0.0.1:${way.port}`;
    const other = await createSubstrateChain({ endpoint, operator: '//Test//Faults', era: 8, timeoutMs: 4_000 });
    try {
      const charge = { app: new Uint8Array(32), pot: 0, fee: 1_000n, remark: new Uint8Array(9) };
      const signed = await other.sign([charge], await other.nonce());
      expect(await other.submit(signed)).toBeNull();
      // Two blocks deep no further one comes for half a minute: every question is the same as before.
      await eventually('final', async () => {
        const fate = await chain.fate(signed);
        return fate.kind === 'included' && (await chain.isFinal(fate.block, FINAL_DEPTH)) ? true : null;
      });
      way.breakAtState();
      await expect(other.fate(signed)).rejects.toMatchObject({ retriable: true });
      expect(way.broken()).toBe(true);
      expect(await eventually('asked anew', () => other.fate(signed).catch(() => null))).toMatchObject({
        kind: 'included',
      });
    } finally {
      await other.close();
      way.server.close();
    }
  }, 60_000);

  it('a frozen node is given up in time and used again when it thaws', async () => {
    node.kill('SIGSTOP');
    await expect(chain.nonce()).rejects.toMatchObject({ retriable: true, code: 'chain_timeout' });
    node.kill('SIGCONT');
    expect(await eventually('thawed', () => chain.nonce().catch(() => null))).toBe(2);
  }, 60_000);
});
