import { expect, test } from '@jest/globals';
import { FatalError } from '../../services/pipeline/errors.ts';
import { classify } from './connection.ts';

test('a node that has discarded the state is waited for, with a code that says which node is needed', () => {
  const answer = new Error('4003: Client error: UnknownBlock: State already discarded for 0x12');
  expect(classify('fate', answer)).toMatchObject({
    code: 'chain_pruned',
    retriable: true,
    message: expect.stringMatching(/archive node/),
    cause: answer,
  });
});

test('what the node answers otherwise is passed on', () => {
  for (const answer of [new Error('1010: Invalid Transaction'), new FatalError('mine', 'x')])
    expect(classify('submit', answer)).toBe(answer);
});
