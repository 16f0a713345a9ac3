import type { Settlement } from '../../schemas/settlement.ts';
import type { Codec } from '../pipeline/ports/codec.ts';
import type { LogWriter } from '../pipeline/ports/log.ts';
import type { FinalRound } from '../pipeline/ports/settlement-store.ts';

/** A final charge as the log keeps it. */
function settlementOf(network: string, { block, extrinsicHash, ...round }: FinalRound): Settlement {
  const { app, root, leaves, operations, bytes, fee } = round;
  return {
    network,
    round: round.round,
    app,
    root,
    leaves,
    operations,
    bytes,
    fee: fee.toString(),
    block: block.number,
    blockHash: block.hash,
    extrinsicHash,
  };
}

/** Records in one send stay far below its limit. */
const AT_ONCE = 200;

/** Sends final charges, keyed by app. A crash before they are marked sends them again: readers go by (round, app). */
export function publisher(edges: {
  readonly writer: LogWriter;
  readonly codec: Codec<Settlement>;
  readonly topic: string;
  readonly network: string;
}): (rounds: readonly FinalRound[]) => Promise<void> {
  const { writer, codec, topic, network } = edges;
  return async (rounds) => {
    for (let at = 0; at < rounds.length; at += AT_ONCE) {
      const records = rounds
        .slice(at, at + AT_ONCE)
        .map((round) => ({ key: round.app, value: codec.encode(settlementOf(network, round)) }));
      await writer.send(topic, 0, records);
    }
  };
}
