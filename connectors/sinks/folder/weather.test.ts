import { expect, it } from '@jest/globals';
import { RetriableError } from '../../../services/pipeline/errors.ts';
import { toSinkError } from './weather.ts';

const of = (code: string) => Object.assign(new Error(`${code}: something, write`), { code });

it.each(['ENOSPC', 'EDQUOT', 'EIO', 'ESTALE', 'EROFS', 'EACCES', 'ENOENT', 'EMFILE'])('%s is weather', (code) => {
  const told = toSinkError(of(code), '/export');
  expect(told).toBeInstanceOf(RetriableError);
  expect(told).toMatchObject({ code: 'sink_unavailable', message: expect.stringMatching(`/export.*${code}.*again`) });
});

it('so is what DuckDB says of a file system, and nothing else is', () => {
  const io = new Error('IO Error: Could not write file "x": No space left on device');
  expect(toSinkError(io, '/export')).toMatchObject({
    code: 'sink_unavailable',
    message: expect.stringContaining('Free space there'),
  });
  const other = new Error('IO Error: Could not write file "x": Input/output error');
  expect(toSinkError(other, '/export')).toMatchObject({ message: expect.stringContaining('Look at its disk') });
  for (const bug of [of('EINVAL'), of('ENAMETOOLONG'), new TypeError('x'), new Error('Binder Error: x'), 'x']) {
    expect(toSinkError(bug, '/export')).toBe(bug);
  }
});
