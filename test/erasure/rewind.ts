import { firstOffsetsOf, prepareRewind } from '../../cli/rewind.ts';
import { groupMembers } from '../../connectors/kafka/group-members.ts';
import { ROOMS } from '../../stack/rooms.ts';
import { batchesPinned } from '../../topics/batches-pinned.ts';
import { eventually } from '../support/room-process.ts';
import type { SuiteSandbox } from '../support/sandbox.ts';

/** Sets readers back to 0 of `pinned`, with `received` encryptor and pinner as well, and starts the rooms again. */
export async function rewind(
  it: SuiteSandbox,
  received: boolean,
  exporterEnv: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { sandbox, deployment, stores } = it;
  const rooms = ROOMS.filter((room) => room !== 'api');
  await Promise.all(rooms.map((room) => sandbox.rooms.stop(room)));
  const log = { warn: () => undefined, error: () => undefined };
  const kafka = { brokers: [...deployment.kafkaBrokers], clientId: 'erasure', log };
  const prefix = deployment.topicPrefix;
  const members = (group: string) => groupMembers(kafka, group);
  await eventually('the groups are empty', async () => ((await members(`${prefix}indexer`)) === 0 ? true : null));
  await prepareRewind({
    db: stores.database,
    prefix,
    exports: [{ name: 'sandbox', folder: deployment.exportFolder }],
    members,
    firstOffsets: () => firstOffsetsOf(stores.kafka, `${prefix}${batchesPinned.name}`),
  });
  if (received)
    await stores.database.kysely.deleteFrom('positions').where('stage', 'in', ['encryptor', 'pinner']).execute();
  await Promise.all(rooms.map((room) => sandbox.rooms.start(room, room === 'exporter' ? exporterEnv : {})));
  await Promise.all(rooms.map((room) => sandbox.rooms.ready(room)));
}
