import { MemoryLog } from '../../connectors/kafka/memory-log.ts';
import { createMemoryAdmission } from '../../connectors/postgres/memory-admission.ts';
import { createMemoryIndexStore } from '../../connectors/postgres/memory-index-store.ts';
import { memoryPositions, PositionTables } from '../../connectors/postgres/memory-positions.ts';
import { createMemorySettlementStore } from '../../connectors/postgres/memory-settlement-store.ts';
import type { DeadLetter, Encrypted, Received, VoidReason } from '../../schemas/index.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import type { IndexStore } from '../../services/pipeline/ports/index-store.ts';
import { type Position, START, type Stage } from '../../services/pipeline/ports/positions.ts';
import type { SettlementStore } from '../../services/pipeline/ports/settlement-store.ts';
import type { Rules } from '../../services/pipeline/rules/rules.ts';
import type { Chances } from './random.ts';
import { Scheduler } from './scheduler.ts';

export const TOPICS = { received: 'received', encrypted: 'encrypted', pinned: 'pinned', dead: 'dead' } as const;

/** All batches are of one app. */
export const APP = Uint8Array.of(9);

/** What is wrong with a batch until it is mended: a stage refuses it, or crashes on it. */
export type Flaw = 'none' | 'encryptor refuses' | 'pinner refuses' | 'encryptor crashes' | 'pinner crashes';

/** Which faults a run has, and how likely each is at each chance. Chosen per run, so that rare combinations get their share. */
export interface Weather {
  readonly lie: number;
  readonly lostAck: number;
  readonly refuse: number;
  readonly late: number;
  readonly skip: number;
  readonly crash: number;
  readonly rebalance: number;
  readonly resend: number;
  readonly flaw: number;
  readonly erase: number;
}

/** One judged record as a reader with a database keeps it. */
export interface Judged {
  readonly origin: number;
  readonly batch: number;
  readonly reason: VoidReason | null;
}

/** A codec that keeps the objects and writes their numbers: the model is about order, not about bytes. */
function objectCodec<T>(kept: unknown[]): Codec<T> {
  return {
    encode(record) {
      kept.push(record);
      const n = kept.length - 1;
      return Uint8Array.of(n & 255, (n >> 8) & 255, (n >> 16) & 255);
    },
    decode: (value) => kept[(value[0] ?? 0) | ((value[1] ?? 0) << 8) | ((value[2] ?? 0) << 16)] as T,
  };
}

/** Everything outside the rooms: the log, the database, the clients' memory. One partition: partitions do not meet. */
export class World {
  readonly scheduler = new Scheduler();
  readonly log = new MemoryLog();
  readonly tables = new PositionTables();
  readonly positions = memoryPositions('00', this.tables);
  readonly progress = new Map<string, number>();
  /** Tables `batch_ids` and `removals`: the twin that keeps the contract of the real ones. */
  readonly admission = createMemoryAdmission();
  /** Wallets that were erased. */
  readonly erased = new Set<number>();
  /** Index and leaves, behind the twins that keep the contracts of the real ones. */
  readonly indexStore: IndexStore;
  readonly settlementStore: SettlementStore;
  /** What each of them says that it has applied, in that order. */
  readonly index: Judged[] = [];
  readonly leaves: Judged[] = [];
  /** Origins at which the last guard of the index had to act. */
  readonly clashes: number[] = [];
  readonly flaws: Flaw[] = [];
  readonly acknowledged = new Set<number>();
  readonly retried = new Set<number>();
  readonly alarms = new Map<string, number>();
  /** Sends that were answered with an error and reach the log later. */
  readonly onTheWire: (() => void)[] = [];
  readonly codecs: {
    received: Codec<Received>;
    encrypted: Codec<Encrypted>;
    pinned: Codec<Encrypted>;
    dead: Codec<DeadLetter>;
  };
  readonly chances: Chances;
  readonly weather: Weather;
  readonly rules: Rules;
  /** Faults happen. */
  stormy = true;
  /** What was wrong with batches is mended in the code. */
  mended = false;
  lies = 0;
  /** Nothing has claimed what is not so: then no alarm may ever sound. */
  truthful = true;

  constructor(chances: Chances, weather: Weather, rules: Rules) {
    this.chances = chances;
    this.weather = weather;
    this.rules = rules;
    for (const topic of Object.values(TOPICS)) this.log.createTopic(topic, 1);
    // Without the rule the effect asks for no row: the room moves it in a step of its own.
    const row = rules.judgeOnce ? this.positions : { compareAndSet: async () => true };
    this.indexStore = createMemoryIndexStore(
      row,
      () => [],
      ({ origin }) => void this.clashes.push(origin),
    );
    this.settlementStore = createMemorySettlementStore(row);
    const kept: unknown[] = [];
    this.codecs = {
      received: objectCodec(kept),
      encrypted: objectCodec(kept),
      pinned: objectCodec(kept),
      dead: objectCodec(kept),
    };
  }

  chance(fault: keyof Weather): boolean {
    return this.stormy && this.chances.happens(this.weather[fault]);
  }

  flawOf(batch: number): Flaw {
    return this.mended ? 'none' : (this.flaws[batch] ?? 'none');
  }

  /** First without a fence; again: the fence is where the log ends now. */
  async erase(wallet: number): Promise<void> {
    const fence = this.erased.has(wallet) ? this.end(TOPICS.received) : null;
    this.erased.add(wallet);
    const owner = { app: APP, wallet: Uint8Array.of(wallet) };
    await this.admission.putErasure(owner.wallet, { ...owner, fence, rootVersions: [], issuedAt: 0 });
  }

  row(stage: Stage): Position {
    return this.tables.rows.get(`${stage}/0`)?.position ?? START;
  }

  end(topic: string): number {
    return this.log.records(topic, 0).length;
  }

  /** Everything received has been judged by everyone. */
  drained(): boolean {
    const last = this.end(TOPICS.received) - 1;
    return (['encryptor', 'pinner', 'indexer', 'settler'] as const).every((stage) => this.row(stage).mark === last);
  }
}

/** The id of a batch. */
export const batchIdOf = (batch: number): Uint8Array => Uint8Array.of(batch, 1);

/** The batch that a head names. */
export const batchOf = (head: { readonly batchId: Uint8Array }): number => head.batchId[0] ?? 0;
