import type avro from 'avsc';
import { RetriableError } from '../../services/pipeline/errors.ts';
import type { Codec } from '../../services/pipeline/ports/codec.ts';
import { MAX_MESSAGE_BYTES } from '../../topics/define-topic.ts';
import { avroType } from './avro-type.ts';
import { UnknownSchemas } from './unknown-schemas.ts';

/** The bytes are not a record of this type, whoever wrote them. */
class UndecodableError extends Error {
  readonly code = 'undecodable';
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UndecodableError';
  }
}

export interface CodecOptions {
  /** For messages: the subject or topic. */
  readonly subject: string;
  /** Schema id that is written. */
  readonly id: number;
  readonly schema: unknown;
  /** Other versions of the subject: id → writer schema. */
  readonly others: ReadonlyMap<number, unknown>;
  /** Looks up the schema of an id that is not among them; null when the registry does not know it. */
  fetchSchema(id: number): Promise<unknown | null>;
  /** Milliseconds of a clock that is not set back. */
  now(): number;
}

type Resolver = ReturnType<avro.Type['createResolver']>;

const MAGIC = 0;
const HEAD_BYTES = 5;

/** Grows to the largest record seen; encoding is synchronous, so one is enough for all codecs. */
let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** 0x00 ‖ u32 schema id ‖ Avro. */
export class AvroCodec<T> implements Codec<T> {
  readonly #options: CodecOptions;
  readonly #type: avro.Type;
  /** Writer schema id → how to read it as our type; null where that cannot be. Never removed: ids are few and mean one thing. */
  readonly #resolvers = new Map<number, Resolver | 'same' | null>();
  readonly #fetching = new Set<number>();
  readonly #unknown: UnknownSchemas;

  constructor(options: CodecOptions) {
    this.#options = options;
    this.#type = avroType(options.schema);
    this.#unknown = new UnknownSchemas(options.now);
    this.#resolvers.set(options.id, 'same');
    for (const [id, schema] of options.others) if (id !== options.id) this.#learn(id, schema);
  }

  encode(record: T): Uint8Array {
    let end = this.#type.encode(record, scratch, HEAD_BYTES);
    if (end < 0) {
      scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(scratch.length - end)));
      end = this.#type.encode(record, scratch, HEAD_BYTES);
    }
    scratch[0] = MAGIC;
    scratch.writeUInt32BE(this.#options.id, 1);
    return Uint8Array.prototype.slice.call(scratch, 0, end);
  }

  /**
   * @throws UndecodableError; RetriableError `schema_unknown` when the record names a schema that was registered after this process
   * started: it is being fetched, and the same call succeeds once it is here. One that a healthy registry does not know is waited for
   * for a minute (`unknown-schemas.ts`), and only then undecodable.
   */
  decode(value: Uint8Array): T {
    const { subject } = this.#options;
    if (value.length < HEAD_BYTES || value[0] !== MAGIC)
      throw new UndecodableError(`${subject}: not a registry record`);
    if (value.length > MAX_MESSAGE_BYTES)
      throw new UndecodableError(`${subject}: ${value.length} bytes are no record of ours`);
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const id = bytes.readUInt32BE(1);
    const resolver = this.#resolvers.get(id);
    if (resolver === undefined) {
      if (this.#unknown.isGivenUp(id)) throw new UndecodableError(`${subject}: the registry knows no schema ${id}`);
      this.#fetch(id);
      throw new RetriableError('schema_unknown', `${subject}: schema ${id} is being fetched`);
    }
    if (resolver === null) throw new UndecodableError(`${subject}: schema ${id} cannot be read as this record`);
    let decoded: { value: T; offset: number };
    try {
      decoded = this.#type.decode(bytes, HEAD_BYTES, resolver === 'same' ? undefined : resolver);
    } catch (error) {
      throw new UndecodableError(`${subject}: ${(error as Error).message}`, { cause: error });
    }
    if (decoded.offset !== bytes.length)
      throw new UndecodableError(`${subject}: truncated, or followed by other bytes`);
    return decoded.value;
  }

  #learn(id: number, schema: unknown): void {
    try {
      this.#resolvers.set(id, this.#type.createResolver(avroType(schema)));
    } catch {
      // Not a version of this record: whatever names it is undecodable, and `decode` says so.
      this.#resolvers.set(id, null);
    }
  }

  #fetch(id: number): void {
    if (this.#fetching.has(id)) return;
    this.#fetching.add(id);
    this.#ask(id)
      // No answer: the next decode asks again, and its caller is told to retry until then.
      .catch(() => undefined)
      .finally(() => this.#fetching.delete(id));
  }

  async #ask(id: number): Promise<void> {
    const { fetchSchema, id: own } = this.#options;
    const schema = await fetchSchema(id);
    if (schema !== null) this.#learn(id, schema);
    // A registry that does not even know what this process writes is empty or being restored: its 404 says nothing.
    else if ((await fetchSchema(own)) !== null) this.#unknown.answered(id);
  }
}
