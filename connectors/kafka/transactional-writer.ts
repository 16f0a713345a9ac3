import { setTimeout as pause } from 'node:timers/promises';
import type { Producer, Transaction } from 'kafkajs';
import { RetriableError } from '../../services/pipeline/errors.ts';
import { acknowledgedOffset } from './acknowledgement.ts';
import { CONNECT_TIMEOUT_MS, type KafkaOptions, newKafka, REQUEST_TIMEOUT_MS } from './client.ts';
import { withDeadline } from './deadline.ts';
import { refusalOf, toPortError } from './kafka-errors.ts';

/** What a transaction writes; a null value is a tombstone. */
export interface TransactionRecord {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Somebody else has taken this id, or the broker has ended the transaction: nothing of it counts. */
export class FencedError extends RetriableError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('kafka_fenced', message, options);
    this.name = 'FencedError';
  }
}

/** Brokers say one of these, depending on who fenced whom, and how long ago. */
const FENCED: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'PRODUCER_FENCED',
  'TRANSACTION_COORDINATOR_FENCED',
  'UNKNOWN_PRODUCER_ID',
]);

/**
 * Nothing of the request was taken, and it will be soon: the last transaction of this id is still being ended (a partition joins the
 * transaction before anything is sent to it), or the topic was made a moment ago.
 */
const NOT_YET: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);
const NOT_YET_PAUSE_MS = 20;
const NOT_YET_DEADLINE_MS = 10_000;

/** After this long without an end the broker aborts: so long may one that died hold up those who read only what is committed. */
const TRANSACTION_TIMEOUT_MS = 60_000;

/** One request; a record that is larger goes alone. */
const REQUEST_BYTES = 900_000;
const FRAMING_BYTES = 64;

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Writes in transactions under one transactional id, of which Kafka lets exactly one holder live: `take` fences the others, so that a
 * process that slept can commit nothing any more, and what it had open is aborted. kafkajs makes no attempts of its own (`retries: 0`), one
 * send of one topic and partition is under way at a time, and each must be acknowledged by name. After any failure the id counts as lost:
 * what became of a commit without an answer is found out by whoever takes the id next and reads what is committed.
 */
export class TransactionalWriter {
  readonly #options: KafkaOptions;
  readonly #id: string;
  #producer: Producer | null = null;
  #transaction: Transaction | null = null;

  constructor(options: KafkaOptions, transactionalId: string) {
    this.#options = options;
    this.#id = transactionalId;
  }

  /** Whether it is held, as far as we know. */
  get held(): boolean {
    return this.#producer !== null;
  }

  /** Fences every other holder. Once it resolves, nothing is open under this id, and what was committed is there to be read. */
  async take(): Promise<void> {
    await this.drop();
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const producer = newKafka(this.#options).producer({
      transactionalId: this.#id,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 0 },
    });
    this.#producer = producer;
    try {
      await withDeadline(producer.connect(), connectTimeoutMs, 'connecting a producer');
      // The only call of kafkajs that asks for a producer id. Nothing is open at the broker before the first record.
      this.#transaction = await withDeadline(producer.transaction(), 2 * connectTimeoutMs, `taking ${this.#id}`);
    } catch (error) {
      throw await this.#lost(error, `taking ${this.#id}`);
    }
  }

  /** Adds records to the transaction, which begins with the first. @throws FencedError; RetriableError */
  async send(topic: string, partition: number, records: readonly TransactionRecord[]): Promise<void> {
    for (const chunk of chunksOf(records)) await this.#request(topic, partition, chunk);
  }

  /** Resolves once everything that was sent since the last commit counts. @throws FencedError: none does; RetriableError: who knows */
  async commit(): Promise<void> {
    const transaction = this.#transaction;
    if (!transaction) throw new FencedError(`${this.#id} is not held`);
    try {
      await withDeadline(transaction.commit(), REQUEST_TIMEOUT_MS * 2, `committing as ${this.#id}`);
      this.#transaction = null;
    } catch (error) {
      throw await this.#lost(error, `committing as ${this.#id}`);
    }
  }

  /** Lets go. What is open stays so until the id is taken again, or the broker ends it. */
  async drop(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    this.#transaction = null;
    if (!producer) return;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS, log } = this.#options;
    try {
      await withDeadline(producer.disconnect(), connectTimeoutMs, 'disconnecting a producer');
    } catch (error) {
      log.warn({ err: error }, 'a producer did not disconnect cleanly');
    }
  }

  async #request(topic: string, partition: number, records: readonly TransactionRecord[]): Promise<void> {
    const what = `send to ${topic}/${partition} as ${this.#id}`;
    const { requestTimeoutMs = REQUEST_TIMEOUT_MS } = this.#options;
    const messages = records.map(({ key, value, headers }) => ({
      key,
      value: value && viewOf(value),
      partition,
      ...(headers ? { headers } : {}),
    }));
    const until = performance.now() + NOT_YET_DEADLINE_MS;
    for (;;) {
      const producer = this.#producer;
      if (!producer) throw new FencedError(`${this.#id} is not held`);
      try {
        this.#transaction ??= await producer.transaction();
        const sending = this.#transaction.send({ topic, messages, acks: -1, timeout: requestTimeoutMs - 1_000 });
        acknowledgedOffset(await withDeadline(sending, requestTimeoutMs * 2, what), topic, partition);
        return;
      } catch (error) {
        if (!NOT_YET.has(refusalOf(error) ?? '') || performance.now() > until) throw await this.#lost(error, what);
        await pause(NOT_YET_PAUSE_MS);
      }
    }
  }

  async #lost(error: unknown, what: string): Promise<Error> {
    await this.drop();
    const refusal = refusalOf(error);
    if (refusal === undefined || !FENCED.has(refusal)) return toPortError(error, what);
    return new FencedError(`${what}: somebody else has taken it, or it took too long (${refusal})`, { cause: error });
  }
}

function* chunksOf(records: readonly TransactionRecord[]): Generator<readonly TransactionRecord[]> {
  let chunk: TransactionRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.key.length + (record.value?.length ?? 0) + FRAMING_BYTES + headerBytes(record.headers);
    if (chunk.length > 0 && bytes + size > REQUEST_BYTES) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(record);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

function headerBytes(headers: TransactionRecord['headers']): number {
  let bytes = 0;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0) + 2;
  return bytes;
}
