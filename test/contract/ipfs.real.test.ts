import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openKubo } from '../../connectors/ipfs/kubo.ts';
import { ready } from '../../protocol/index.ts';
import { carOf } from '../../services/pinner/car.ts';
import { type Manifest, manifestOf } from '../../services/pinner/manifest.ts';
import { ipfsContract } from './ipfs.ts';

const url = process.env.IPFS_API ?? '';

ipfsContract('Kubo', async () => openKubo({ name: 'cere-mainnet', url }));

describe('a node that misbehaves', () => {
  let manifest: Manifest;
  let car: Uint8Array;
  beforeAll(async () => {
    await ready();
    manifest = manifestOf([]);
    car = carOf(manifest.cid, [{ cid: manifest.cid, bytes: manifest.block }]);
  });

  async function against<T>(answer: RequestListener, use: (address: string) => Promise<T>): Promise<T> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const imported = (answer: RequestListener, timeoutMs = 5_000) =>
    against(answer, (address) =>
      openKubo({ name: 'cere-mainnet', url: address, timeoutMs }).importCar(car, manifest.cid),
    );

  test('no answer: a time-out, to be tried again', async () => {
    await expect(imported(() => undefined, 200)).rejects.toMatchObject({ code: 'ipfs_timeout', retriable: true });
  });

  test('an error: to be tried again', async () => {
    await expect(
      imported((request, response) => {
        request.resume().on('end', () => response.writeHead(500).end('no space left on device'));
      }),
    ).rejects.toMatchObject({ code: 'ipfs_unavailable', retriable: true });
  });

  test('an answer without a root does not count as pinned', async () => {
    await expect(
      imported((request, response) => {
        request.resume().on('end', () => response.end('{"Stats":{"BlockCount":0}}\n'));
      }),
    ).rejects.toMatchObject({ code: 'ipfs_unavailable', retriable: true });
  });

  test('a pin that failed for want of a block stops the room', async () => {
    const root = { Root: { Cid: { '/': manifest.cid.toString() }, PinErrorMsg: 'merkledag: not found' } };
    await expect(
      imported((request, response) => {
        request.resume().on('end', () => response.end(`${JSON.stringify(root)}\n`));
      }),
    ).rejects.toMatchObject({ code: 'cid_mismatch', retriable: false });
  });

  test('other bytes than the CID names are refused', async () => {
    await expect(
      against(
        (request, response) => {
          request.resume().on('end', () => response.end('other bytes'));
        },
        (address) => openKubo({ name: 'cere-mainnet', url: address }).block(manifest.cid),
      ),
    ).rejects.toMatchObject({ code: 'cid_mismatch', retriable: false });
  });

  test('nobody there: to be tried again', async () => {
    const address = await against(
      () => undefined,
      async (where) => where,
    );
    await expect(openKubo({ name: 'cere-mainnet', url: address }).block(manifest.cid)).rejects.toMatchObject({
      code: 'ipfs_unavailable',
    });
  });
});
