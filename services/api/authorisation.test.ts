import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { COLUMNS } from '../../test/support/authorisation/columns.ts';
import { AUTHORISATION, UNNAMED_BEARERS } from '../../test/support/authorisation/table.ts';
import { outcomeOf, type Way } from '../../test/support/authorisation/way.ts';
import { type AuthorisationWorld, authorisationWorld } from '../../test/support/authorisation/world.ts';
import { routesWithoutEdges } from './document.ts';
import type { Route } from './route.ts';

let world: AuthorisationWorld;
beforeAll(async () => {
  world = await authorisationWorld();
}, 30_000);
afterAll(() => world.close());

const nameOf = ({ doc: { method, path } }: Route) => `${method.toUpperCase()} ${path}`;
const byName = new Map(routesWithoutEdges().map((route) => [nameOf(route), route]));

/** Who may call a route, as it says itself. */
function callersOf({ access, doc }: Route): string[] {
  const headers = doc.request?.headers;
  const takesAppToken = headers instanceof z.ZodObject && Object.hasOwn(headers.shape, 'ddc-app-token');
  switch (access.kind) {
    case 'public':
      return ['anyone'];
    case 'signed':
      return ['signed by the wallet'];
    case 'write':
      return ['signed by the wallet', 'closed app'];
    case 'optional':
      return ['anyone', ...access.by];
    default:
      return [...access.by, ...(takesAppToken ? ['owner and closed app'] : [])];
  }
}

describe('the matrix', () => {
  test('has every route, and no other', () => {
    expect(Object.keys(AUTHORISATION).sort()).toEqual([...byName.keys()].sort());
  });

  test('has the routes that are served', async () => {
    const { paths } = (await (await fetch(`${world.it.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const served = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(served.sort()).toEqual(Object.keys(AUTHORISATION).sort());
  });

  test.each([...byName])('%s: has everybody who may call it', (name, route) => {
    const listed = (AUTHORISATION[name] ?? []).map(({ by }) => by);
    expect(listed).toEqual(expect.arrayContaining(callersOf(route)));
  });

  test('says why where it says nothing', () => {
    const reasons = Object.values(AUTHORISATION).flatMap((ways) =>
      ways.flatMap(({ cells }) => COLUMNS.map((column) => cells[column]).filter((cell) => typeof cell !== 'string')),
    );
    for (const reason of reasons) expect(reason).toEqual({ because: expect.stringMatching(/.{20}/) });
  });
});

const NO_WAYS: readonly Way[] = [];
describe.each([...byName.keys()])('%s', (name) => {
  test.each((AUTHORISATION[name] ?? NO_WAYS).map((way) => [way.by, way] as const))(
    '%s: is answered, and refused in every column',
    async (_, way) => {
      const asked = COLUMNS.filter((column) => typeof way.cells[column] === 'string');
      const found: Record<string, string> = { right: await outcomeOf(world, way, null) };
      for (const column of asked) found[column] = await outcomeOf(world, way, column);
      const wanted = Object.fromEntries(asked.map((column) => [column, way.cells[column]]));
      expect(found).toEqual({ right: String(way.right), ...wanted });
    },
  );
});

const BEARERS = ['owner', 'app', 'reader'] as const;
const unnamed = [...byName].flatMap(([name, { access }]) =>
  access.kind === 'token' || access.kind === 'optional'
    ? BEARERS.filter((one) => !access.by.includes(one)).map((one) => [name, one] as const)
    : [],
);
test.each(unnamed)('%s: not by the %s, whom it does not name', async (name, bearer) => {
  const way = (AUTHORISATION[name] ?? NO_WAYS).find(({ as }) => as)?.as?.(bearer);
  if (!way) throw new Error('nobody calls it with a token');
  expect(await outcomeOf(world, way, null)).toBe(UNNAMED_BEARERS[`${name} ${bearer}`] ?? '403 forbidden');
});

test('every exception is one', () => {
  expect(unnamed.map(([name, bearer]) => `${name} ${bearer}`)).toEqual(
    expect.arrayContaining(Object.keys(UNNAMED_BEARERS)),
  );
});
