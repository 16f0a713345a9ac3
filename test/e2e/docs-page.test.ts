import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { sandboxCast } from '../../cli/demo/cast.ts';
import { toHex } from '../../protocol/index.ts';
import { type MemoryApi, startMemoryApi } from '../support/api.ts';
import { startChromium } from '../support/chromium.ts';

const PANEL = fileURLToPath(new URL('../../cli/docs-panel/panel.ts', import.meta.url));

let it: MemoryApi;
let browser: Browser;
let page: Page;
/** What the page complained of, and what it asked for elsewhere. */
const complaints: string[] = [];

beforeAll(async () => {
  it = await startMemoryApi({ docsPanel: PANEL });
  const { app } = await sandboxCast();
  await it.apps.add({ app: app.publicKey, tier: 'free', open: true });
  browser = await startChromium();
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== it.url && protocol !== 'data:') complaints.push(`asked ${request.url()}`);
  });
  await page.goto(`${it.url}/docs`);
  await page.waitForSelector('.opblock', { timeout: 60_000 });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await it.api.close();
});

/** Opens an operation and executes it. @returns status and body of the answer */
async function tryOut(operationId: string, body?: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const block = page.locator(`[id$="-${operationId}"]`);
  await block.locator('.opblock-summary-control').click();
  if (body !== undefined) await block.locator('textarea.body-param__text').fill(body);
  const answered = page.waitForResponse((one) => one.url().includes('/v1/'));
  await block.locator('button.execute').click();
  const answer = await answered;
  return { status: answer.status(), body: (await answer.json()) as Record<string, unknown> };
}

test('plain data becomes a signed event with one press', async () => {
  const event = JSON.stringify({ type: 'PAGE_VIEW', scopes: { page: { url: '/' } } });
  const { status, body } = await tryOut('postEvents', event);
  expect({ status, body }).toMatchObject({ status: 202, body: { batchId: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  const { wallet } = await sandboxCast();
  expect(it.appended().at(-1)?.received.wallet).toEqual(wallet('1').publicKey);
}, 60_000);

test('a signed request is completed from its plain content, as the example shows it', async () => {
  expect(await tryOut('postPolicies')).toMatchObject({ status: 201, body: { epoch: 0 } });
}, 60_000);

test('what takes a token gets one, of the chosen account', async () => {
  const { wallet, app } = await sandboxCast();
  const answer = await tryOut('getWalletsByWallet');
  expect(answer).toMatchObject({
    status: 200,
    body: { wallet: toHex(wallet('1').publicKey), cluster: 'cere-mainnet' },
  });
  await page.selectOption('#by', 'app');
  expect(await tryOut('getAppsByApp')).toMatchObject({ status: 200, body: { app: toHex(app.publicKey), open: true } });
}, 60_000);

test('nothing was asked for elsewhere, and the policy of the page stopped nothing', () => {
  expect(complaints).toEqual([]);
});

test('where accounts are not for everybody there is no panel', async () => {
  const other = await startMemoryApi();
  expect(await (await fetch(`${other.url}/docs/`)).text()).not.toContain('panel.js');
  expect((await fetch(`${other.url}/docs/panel.js`)).status).toBe(404);
  await other.api.close();
});
