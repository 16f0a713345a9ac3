import { expect, test } from '@jest/globals';
import type { SinkMembers } from '../define-sink.ts';
import { placeOf } from './members.ts';

const FILES: SinkMembers = { folder: 'folder', codec: 'free' };
const TABLES: SinkMembers = { url: 'place', schema: 'place', password: 'free' };
const [APP, OTHER] = ['0a'.repeat(32), '0b'.repeat(32)];
const place = (members: SinkMembers, config: object, by: 'operator' | 'app' = 'app', app = APP) =>
  placeOf(members, config as Readonly<Record<string, unknown>>, { by, app });

test('one place is one text, whatever else is said, and however a folder is written', () => {
  const folder = place(FILES, { folder: '/x/y' });
  expect(place(FILES, { folder: '/x//z/../y/', codec: 'none' }, 'operator', OTHER)).toBe(folder);
  expect(place(FILES, { folder: '/x/z' })).not.toBe(folder);
  const url = { secret: 'warehouse' };
  expect(place(TABLES, { url, schema: 'a', password: '1' })).toBe(place(TABLES, { schema: 'a', url }));
  expect(place(TABLES, { url, schema: 'b' })).not.toBe(place(TABLES, { url, schema: 'a' }));
});

test('the same name is another secret of another owner', () => {
  const config = { url: { secret: 'warehouse' }, schema: 'a' };
  expect(place(TABLES, config, 'app', OTHER)).not.toBe(place(TABLES, config));
  expect(place(TABLES, config, 'operator')).not.toBe(place(TABLES, config));
});

test('a sink that does not say where its rows go is not compared', () => {
  expect(place({}, { folder: '/x' })).toBeNull();
});
