import type { LogWriter, OutgoingRecord } from '../pipeline/ports/log.ts';
import { ApiProblem } from './problems.ts';

/** Bytes of one send to one partition at most; a single record may be as large as a body. */
const MAX_SEND_BYTES = 2.5 * 1024 * 1024;
/** Record overhead in a Kafka batch, rounded up. */
const RECORD_OVERHEAD = 64;

export interface SendLimits {
  /** Bytes that may wait for one partition; beyond it 503. */
  readonly waitingBytes: number;
  /** Bytes that may wait for one partition from one wallet; beyond it 429. */
  readonly walletBytes: number;
}

/** Appends records to the log: those that arrive while a send to their partition is under way share the next one. */
export interface SharedSends {
  /**
   * @param wallet hex
   * @returns the record's offset, once acknowledged
   * @throws ApiProblem `overloaded` or `wallet_rate` when too much waits; what the writer throws
   */
  append(partition: number, wallet: string, record: OutgoingRecord): Promise<number>;
  /** Bytes waiting, all partitions together. */
  readonly waitingBytes: number;
  readonly sends: number;
}

interface Waiting {
  readonly record: OutgoingRecord;
  readonly wallet: string;
  readonly bytes: number;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  waiting: Waiting[];
  bytes: number;
  readonly perWallet: Map<string, number>;
  sending: boolean;
}

export function createSharedSends(writer: LogWriter, topic: string, limits: SendLimits): SharedSends {
  const lanes = new Map<number, Lane>();
  let sends = 0;

  const laneOf = (partition: number): Lane => {
    let lane = lanes.get(partition);
    if (!lane) {
      lane = { waiting: [], bytes: 0, perWallet: new Map(), sending: false };
      lanes.set(partition, lane);
    }
    return lane;
  };

  const run = async (partition: number, lane: Lane) => {
    lane.sending = true;
    while (lane.waiting.length > 0) {
      const shared = takeShare(lane);
      sends += 1;
      try {
        const first = await writer.send(
          topic,
          partition,
          shared.map((one) => one.record),
        );
        shared.forEach((one, index) => {
          one.resolve(first + index);
        });
      } catch (error) {
        for (const one of shared) one.reject(error);
      }
    }
    lane.sending = false;
  };

  return {
    append: (partition, wallet, record) =>
      new Promise((resolve, reject) => {
        const lane = laneOf(partition);
        const bytes = record.value.length + record.key.length + RECORD_OVERHEAD;
        const mine = lane.perWallet.get(wallet) ?? 0;
        if (mine > 0 && mine + bytes > limits.walletBytes) return reject(new ApiProblem('wallet_rate'));
        if (lane.bytes > 0 && lane.bytes + bytes > limits.waitingBytes) return reject(new ApiProblem('overloaded'));
        lane.waiting.push({ record, wallet, bytes, resolve, reject });
        lane.bytes += bytes;
        lane.perWallet.set(wallet, mine + bytes);
        if (!lane.sending) void run(partition, lane);
      }),
    get waitingBytes() {
      return [...lanes.values()].reduce((sum, lane) => sum + lane.bytes, 0);
    },
    get sends() {
      return sends;
    },
  };
}

/** In order of arrival: the longest prefix that fits, at least one. */
function takeShare(lane: Lane): Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const one of lane.waiting) {
    if (count > 0 && bytes + one.bytes > MAX_SEND_BYTES) break;
    count += 1;
    bytes += one.bytes;
  }
  const share = lane.waiting.slice(0, count);
  lane.waiting = lane.waiting.slice(count);
  lane.bytes -= bytes;
  for (const one of share) {
    const left = (lane.perWallet.get(one.wallet) ?? 0) - one.bytes;
    if (left > 0) lane.perWallet.set(one.wallet, left);
    else lane.perWallet.delete(one.wallet);
  }
  return share;
}
