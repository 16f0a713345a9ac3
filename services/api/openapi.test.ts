import { beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ready } from '../../protocol/index.ts';
import { wrongAbout } from '../../test/support/declared-answers.ts';
import { apiDocument } from './document.ts';
import { TAGS } from './openapi-parts.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: string[];
  readonly security?: unknown;
  readonly parameters?: {
    name: string;
    in: string;
    description?: string;
    schema: { description?: string } & object;
    example?: unknown;
  }[];
  readonly requestBody?: { content: Record<string, { schema: object; example?: unknown }> };
  readonly responses: Record<string, { $ref?: string }>;
}
interface Shared {
  readonly description: string;
  readonly content: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }>;
}

let document: { paths: Record<string, Record<string, Operation>>; components: { responses: Record<string, Shared> } };
let operations: [string, Operation][] = [];
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const holds = (schema: object, value: unknown) => {
  const check = ajv.compile({ ...schema, components: document.components });
  return check(value) ? null : check.errors;
};
beforeAll(async () => {
  await ready();
  document = JSON.parse(JSON.stringify(apiDocument()));
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
});

test('is OpenAPI 3.1, as its schema says; a document that is not is refused', async () => {
  expect(await new Validator().validate(JSON.stringify(document, null, 1))).toEqual({ valid: true });
  const broken = structuredClone(document) as unknown as { paths: unknown };
  broken.paths = { '/x': { get: { responses: { 200: {} } } } };
  expect(await new Validator().validate(JSON.stringify(broken, null, 1))).toMatchObject({ valid: false });
});

test('every operation has a name of its own, a summary, and a group that is described', () => {
  const names = operations.map(([, { operationId }]) => operationId);
  expect(new Set(names).size).toBe(names.length);
  for (const [name, { operationId, summary, tags }] of operations) {
    expect([name, operationId]).toEqual([name, expect.stringMatching(/^[a-z]+[A-Z][A-Za-z]*$/)]);
    expect([name, summary, tags]).toEqual([name, expect.stringMatching(/./), [expect.any(String)]]);
    expect(TAGS).toHaveProperty([tags[0] as string]);
  }
  expect(new Set(operations.flatMap(([, { tags }]) => tags))).toEqual(new Set(Object.keys(TAGS)));
});

test('every JSON body has an example, which the panel starts from', () => {
  const without = operations.flatMap(([name, { requestBody }]) => {
    const json = requestBody?.content['application/json'];
    return json && json.example === undefined ? [name] : [];
  });
  expect(without).toEqual([]);
});

test('limits may refuse every operation but those of who watches', () => {
  const unlimited = operations.flatMap(([name, { responses }]) => (responses[429] ? [] : [name]));
  expect(unlimited).toEqual(['get /livez', 'get /readyz', 'get /metrics']);
});

test('every parameter is described, and those of paths are there', () => {
  for (const [name, { parameters = [] }] of operations) {
    const inPath = parameters.filter((one) => one.in === 'path').map((one) => one.name);
    expect([name, inPath.sort()]).toEqual([name, [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()]);
    for (const one of parameters)
      expect([name, one.name, one.description ?? one.schema.description]).toEqual([name, one.name, expect.any(String)]);
  }
});

test('examples are what their schemas say', () => {
  let seen = 0;
  for (const [name, { parameters = [], requestBody }] of operations) {
    const bodies = Object.values(requestBody?.content ?? {});
    for (const { schema, example } of [...bodies, ...parameters]) {
      if (example === undefined) continue;
      seen += 1;
      expect([name, holds(schema, example)]).toEqual([name, null]);
    }
  }
  expect(seen).toBeGreaterThan(20);
  for (const [name, { content }] of Object.entries(document.components.responses))
    for (const { schema, examples = {} } of Object.values(content))
      for (const { value } of Object.values(examples)) expect([name, holds(schema, value)]).toEqual([name, null]);
});

test('every refusal names its codes, and each code has that status', () => {
  for (const [name, operation] of operations)
    for (const [status, { $ref }] of Object.entries(operation.responses)) {
      if (Number(status) < 400 || !$ref) continue;
      const shared = document.components.responses[$ref.split('/').at(-1) as string];
      const examples = Object.keys(shared?.content['application/problem+json']?.examples ?? {});
      expect([name, status, examples.length > 0]).toEqual([name, status, true]);
    }
});

describe('what tests hold against every answer', () => {
  const good = { type: 'application/json', url: '/v1/receipt-key', method: 'GET', status: 200 };
  const answer = (value: unknown, over = {}) =>
    wrongAbout({ ...good, body: Buffer.from(JSON.stringify(value)), ...over });
  const key = '00'.repeat(32);

  test('takes what is described, and nothing else', () => {
    expect(answer({ key })).toBeNull();
    expect(answer({ key, more: 1 })).toMatch(/additional properties/);
    expect(answer({})).toMatch(/key/);
    expect(answer({ key: 1 })).toMatch(/string/);
    expect(answer({ key }, { type: 'text/plain' })).toMatch(/described are application\/json/);
    expect(answer({ key }, { status: 201 })).toMatch(/status is not described/);
    expect(answer({ key }, { url: '/v1/nowhere' })).toMatch(/not described/);
    expect(
      answer({ code: 'not_found' }, { url: '/v1/nowhere', status: 404, type: 'application/problem+json' }),
    ).toMatch(/required/);
  });
});
