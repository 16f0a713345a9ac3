import { expect, test } from '@jest/globals';
import { createMemoryIpfs } from '../../connectors/ipfs/memory-ipfs.ts';
import { cidOf } from '../../services/pinner/cid.ts';
import { ipfsContract } from './ipfs.ts';

ipfsContract('memory', async () => createMemoryIpfs());

test('a node that is down is asked again', async () => {
  const ipfs = createMemoryIpfs();
  ipfs.down = true;
  await expect(ipfs.block(cidOf(new Uint8Array(1)))).rejects.toMatchObject({
    code: 'ipfs_unavailable',
    retriable: true,
  });
});
