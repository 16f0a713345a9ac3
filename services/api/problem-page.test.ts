import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type MemoryApi, startMemoryApi } from '../../test/support/api.ts';
import { PROBLEM_CODES, problemPage } from './problem-page.ts';

let it: MemoryApi;
beforeAll(async () => {
  it = await startMemoryApi();
});
afterAll(() => it.api.close());

test('`type` of a refusal leads to its page: JSON for programs, HTML for people', async () => {
  const refused = await fetch(`${it.url}/v1/events`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'text/plain' },
  });
  const { type, code, title, advice } = (await refused.json()) as Record<'type' | 'code' | 'title' | 'advice', string>;
  const json = await fetch(new URL(type, it.url));
  expect([json.status, json.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await json.json()).toMatchObject({ type, code, title, advice, status: refused.status });
  expect(advice).toMatch(/\.$/);
  const html = await fetch(new URL(type, it.url), { headers: { accept: 'text/html,*/*;q=0.1' } });
  expect(html.headers.get('content-type')).toMatch(/^text\/html/);
  const shown = await html.text();
  expect(shown).toContain(`<h1><code>${code}</code></h1>`);
  for (const said of [title, advice]) expect(shown).toContain(`<p>${said.replaceAll('`', '')}</p>`);
});

test('every code has a page that says what to do, and the list leads to all', async () => {
  const { problems } = (await (await fetch(`${it.url}/problems`)).json()) as { problems: { code: string }[] };
  expect(problems.map((one) => one.code)).toEqual(PROBLEM_CODES);
  for (const code of PROBLEM_CODES)
    expect([code, problemPage(code)?.advice]).toEqual([code, expect.stringMatching(/\.$/)]);
  const list = await fetch(`${it.url}/problems`, { headers: { accept: 'text/html' } });
  expect((await list.text()).match(/href="\/problems\/\w+"/g)).toHaveLength(PROBLEM_CODES.length);
});

test('codes of one status say each what to do', () => {
  const advice = (code: string) => problemPage(code)?.advice;
  expect(advice('quota_exceeded')).toMatch(/period/);
  expect(advice('unpaid')).toMatch(/pot/);
  expect(advice('blob_gone')).toMatch(/Upload it again/);
  expect(advice('erased')).toMatch(/Do not send it again/);
  expect(advice('upload_taken')).toMatch(/same bytes again/);
  expect(advice('request_clash')).toMatch(/id of its own/);
});

test('what is no code is not found', async () => {
  expect((await fetch(`${it.url}/problems/nothing`)).status).toBe(404);
  expect((await fetch(`${it.url}/problems/%3Cscript%3E`)).status).toBe(400);
});
