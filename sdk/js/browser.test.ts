import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { bundle } from '../../cli/pack/bundle.ts';
import { toHex } from '../../protocol/index.ts';
import { app, type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { startChromium } from '../../test/support/chromium.ts';
import { memoryRooms } from '../../test/support/memory-rooms.ts';
import { servePage } from '../../test/support/page-server.ts';
import type * as Sdk from './browser.ts';

let it: MemoryApi;
let browser: Browser;
let site: Awaited<ReturnType<typeof servePage>>;
let folder = '';
let working: ReturnType<typeof setInterval>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ddc-browser-'));
  it = await startMemoryApi();
  const rooms = memoryRooms(it, it.vault);
  working = setInterval(() => void rooms.run(), 25);
  await bundle(folder, 'sdk/js/browser.ts');
  site = await servePage(readFileSync(join(folder, 'browser.js')), it.url);
  browser = await startChromium();
}, 180_000);
afterAll(async () => {
  clearInterval(working);
  await browser?.close();
  await site?.close();
  await it?.api.close();
  rmSync(folder, { recursive: true, force: true });
});

test('in a real Chromium, under a policy without eval, a page of another origin records, reads back and proves, also a blob and a receipt', async () => {
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  await page.goto(site.url);
  await page.waitForFunction('globalThis.sdk !== undefined');
  const seen = await page.evaluate(
    async ({ url, appKey }) => {
      const page = globalThis as unknown as { sdk: typeof Sdk };
      const { accountFromPhrase, Ddc, toHex: hex, verifyDisclosure } = page.sdk;
      const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk//in-a-browser';
      const account = await accountFromPhrase(phrase);
      const ddc = await Ddc.connect({ url, app: appKey, account });
      ddc.record('PURCHASE', { purchase: { dollars: 29.33 }, profile: { name: 'Änn 𝄞' } });
      const recorded = ddc.record('PURCHASE', { purchase: { dollars: 7 } });
      await ddc.flush();
      const events = [];
      for await (const event of ddc.events({ scopes: ['purchase', 'profile'] })) {
        const { signer, wallet, type, scopes } = event;
        events.push({ signer, wallet, type, scopes, proved: verifyDisclosure(event.disclosure).opened });
      }
      const { batchId } = await recorded;
      const receipt = ddc.verify(await ddc.receipt({ batchId })).ok;
      const cid = await ddc.blob(new Uint8Array([1, 2, 3]), { scope: 'photo' });
      const blob = [...(await (await ddc.readBlob(cid)).bytes())];
      const part = [...(await (await ddc.readBlob(cid, { from: 1, to: 2 })).bytes())];
      await ddc.close();
      return { events, batchId, receipt, blob, part, wallet: hex(account.publicKey) };
    },
    { url: it.url, appKey: toHex(app.publicKey) },
  );
  const scopes = [{ purchase: '{"dollars":29.33}', profile: '{"name":"Änn 𝄞"}' }, { purchase: '{"dollars":7}' }];
  expect(seen.events).toEqual(
    scopes.map((opened) => ({
      ...{ signer: 'wallet', wallet: seen.wallet, type: 'PURCHASE' },
      ...{ scopes: opened, proved: opened },
    })),
  );
  expect([seen.receipt, seen.blob, seen.part]).toEqual([true, [1, 2, 3], [2]]);
  expect(it.appended().map(({ received }) => toHex(received.batchId))).toEqual([seen.batchId]);
  expect(troubles).toEqual([]);
}, 60_000);
