import { expect, test } from '@jest/globals';
import { type Audited, createAudit } from './audit.ts';

const caller = { signer: 'wallet', key: 'ab'.repeat(32), id: 'cd'.repeat(16) } as const;
const line: Audited = {
  ...{ requestId: 'trace-12345', address: '127.0.0.0/24', method: 'GET', route: '/v1/x', app: null, wallet: null },
  ...{ caller, status: 200, code: null, endedEarly: false },
};

test('who proved who they are has each a line, who did not one a minute with a count, whatever was refused', () => {
  const lines: [unknown, string][] = [];
  let now = 0;
  const audit = createAudit({ info: (fields, message) => void lines.push([fields, message]) }, () => now);
  for (let i = 0; i < 3; i++) audit(line);
  expect(lines).toHaveLength(3);
  const forged = { ...line, caller: null, status: 401, code: 'unauthorized' };
  for (let i = 0; i < 2_000; i++) audit(forged);
  now += 60_000;
  audit(forged);
  expect(lines.slice(3)).toEqual([
    [{ ...forged, count: 1 }, 'refused'],
    [{ ...forged, count: 2_000 }, 'refused'],
  ]);
  audit({ ...line, endedEarly: true });
  audit({ ...line, status: 503, code: 'overloaded' });
  expect(lines.slice(5)).toEqual([[{ ...line, endedEarly: true }, 'ended early']]);
});
