import type { ProtocolError, ProtocolErrorCode } from '../../protocol/index.ts';
import type { Loss } from './undelivered.ts';

/** What the service said of a batch, or of a call, that it will never take as things stand; sending it again would not help. */
export class BatchRefused extends Error {
  readonly code: string;
  readonly status: number;
  /** When the service says that it would: `Retry-After`, milliseconds; 0 where it says nothing. */
  readonly retryAfterMs: number;
  constructor(status: number, code: string, message: string, retryAfterMs = 0) {
    super(message);
    this.name = 'BatchRefused';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An accepted batch that the pipeline could not keep: `dead` (operators hold a copy) or `erased`. Its seq stays used. */
export class BatchLost extends Error {
  readonly outcome: 'dead' | 'erased';
  readonly batchId: string;
  constructor(batchId: string, outcome: 'dead' | 'erased') {
    super(`batch ${batchId} is ${outcome}`);
    this.name = 'BatchLost';
    this.batchId = batchId;
    this.outcome = outcome;
  }
}

/** What stands in public storage is not what was signed. `code` is the protocol's; nothing of the content is in the message. */
export class StoredBatchRefused extends Error {
  readonly code: ProtocolErrorCode;
  readonly batchId: string;
  constructor(batchId: string, cause: ProtocolError, where: string) {
    super(`batch ${batchId} does not hold what was signed, ${where}: ${cause.message}`, { cause });
    this.name = 'StoredBatchRefused';
    this.batchId = batchId;
    this.code = cause.code;
  }
}

/** The wallet is in client mode under a root that this key store does not hold. Nothing is sent in the clear instead. */
export class RootNotHeld extends Error {
  readonly subject: string;
  constructor(subject: string) {
    super(`the wallet encrypts under subject ${subject}, whose root is not in this key store`);
    this.name = 'RootNotHeld';
    this.subject = subject;
  }
}

/** This batch was encrypted by its owner: without the owner's key of `__meta` nothing of it can be verified. */
export class MetaKeyMissing extends Error {
  readonly batchId: string;
  constructor(batchId: string) {
    super(`batch ${batchId} is in client mode: give the keys of its owner, with those of __meta`);
    this.name = 'MetaKeyMissing';
    this.batchId = batchId;
  }
}

/** The wallet's roots were destroyed here: after a re-opening begin with a new key store or a move. */
export class RootsDestroyed extends Error {
  constructor() {
    super('the roots of this wallet were destroyed: nothing more is sent or read with them');
    this.name = 'RootsDestroyed';
  }
}

/** What came of a blob is not all that was asked for, or not that: nothing of it may be used as if it were whole. Ask again for the bytes that are missing. */
export class BlobBroken extends Error {
  readonly cid: string;
  constructor(cid: string, what: string, options?: { cause?: unknown }) {
    super(`blob ${cid}: ${what}`, options);
    this.name = 'BlobBroken';
    this.cid = cid;
  }
}

/** Another process has this queue: two would send one source's batches under the same numbers. Give each process a folder of its own. */
export class QueueBusy extends Error {
  /** Of the process that has it. */
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(`the queue is in use by process ${pid} (${path}); give each process a folder of its own`);
    this.name = 'QueueBusy';
    this.pid = pid;
  }
}

/** What stands where the queue should be is something else, or was changed: it is left as it is. */
export class QueueDamaged extends Error {
  readonly path: string;
  constructor(path: string, what: string) {
    super(`${path}: ${what}; move it away to begin a new queue, its events are in it as JSON`);
    this.name = 'QueueDamaged';
    this.path = path;
  }
}

/** The client was closed before this event was known to be safe. What is in a queue of files is delivered by whoever opens it next. */
export class ClientClosed extends Error {
  constructor() {
    super('the client was closed');
    this.name = 'ClientClosed';
  }
}

/** Nobody can grant to a wallet that has published no encryption key: it calls `certify` first. */
export class NoCertificate extends Error {
  /** Hex. */
  readonly wallet: string;
  constructor(wallet: string) {
    super(`wallet ${wallet} has no certified encryption key: it has to call certify first`);
    this.name = 'NoCertificate';
    this.wallet = wallet;
  }
}

/** An option that cannot be meant: `code` says which, for good. */
export class BadOptions extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'BadOptions';
    this.code = code;
  }
}

/** A wallet grants to this one, but to another encryption key than the one given as `pair`: nothing of it opens until it grants again. */
export class KeyNotHeld extends Error {
  readonly code = 'key_not_held';
  /** Whose data, hex. */
  readonly wallet: string;
  constructor(wallet: string) {
    super(
      `the keys of wallet ${wallet} are sealed to another key than \`pair\`, which opens nothing of it until it grants to that: let it grant again, or give the pair that it has granted to`,
    );
    this.name = 'KeyNotHeld';
    this.wallet = wallet;
  }
}

/** Another member of the group has this partition now: what was given of it and not committed before comes again there. */
export class PartitionLost extends Error {
  readonly code = 'partition_lost';
  readonly partition: number;
  constructor(partition: number) {
    super(`partition ${partition} went to another member before this was committed: its events come again there`);
    this.name = 'PartitionLost';
    this.partition = partition;
  }
}

/** Events that will never be safe. */
export class EventsLost extends Error {
  readonly losses: readonly Loss[];
  constructor(losses: readonly Loss[]) {
    super(`${losses.length} events are lost, the first because: ${losses[0]?.error.message}`, {
      cause: losses[0]?.error,
    });
    this.name = 'EventsLost';
    this.losses = losses;
  }
}
