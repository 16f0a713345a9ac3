import type {
  BatchReceipt,
  DeclaredBatch,
  StatedBatch,
  StatedEvent,
  StatedSettlement,
  StatedStorage,
} from './batch-receipt.ts';
import { toHex } from './bytes.ts';
import { CborFields } from './cbor-fields.ts';
import type { Cbor } from './dag-cbor.ts';
import { ProtocolError } from './errors.ts';
import { type ClosedScope, parseEvent } from './event.ts';
import { type Header, isNetwork, parseHeader } from './header.ts';

const fields = (value: Cbor | undefined, where: string, names: readonly string[]) =>
  new CborFields(value, where, 'receipt', names);

const TOP = ['v', 'kind', 'network', 'issuedAt', 'position', 'batch', 'event', 'storage', 'settlement'];

/** Reads the payload of a receipt of kind `batch` or `event`; its form, not its truth. @throws ProtocolError `receipt`, or the code of a malformed field of header or event. */
export function readBatchPayload(payload: Cbor): BatchReceipt {
  const top = fields(payload, 'payload', TOP);
  const kind = top.oneOf('kind', ['batch', 'event']);
  const network = top.text('network');
  if (top.number('v') !== 1 || !isNetwork(network) || top.has('event') !== (kind === 'event'))
    throw new ProtocolError('receipt', 'payload');
  const position = fields(top.value('position'), 'position', ['partition', 'offset']);
  return {
    ...{ kind, network, issuedAt: top.number('issuedAt') },
    position: { partition: position.number('partition'), offset: position.number('offset') },
    batch: readBatch(top.value('batch')),
    event: kind === 'event' ? readEvent(top.value('event')) : null,
    storage: readStorage(top.value('storage')),
    settlement: readSettlement(top.value('settlement')),
  };
}

function readBatch(value: Cbor | undefined): StatedBatch {
  const batch = fields(value, 'batch', ['id', 'app', 'wallet', 'content', 'header', 'root', 'declared']);
  const isSigned = batch.has('header');
  if (isSigned !== batch.has('root') || isSigned === batch.has('declared')) throw new ProtocolError('receipt', 'batch');
  return {
    ...{ id: batch.bytes('id', 32), app: batch.bytes('app', 32), wallet: batch.bytes('wallet', 32) },
    content: batch.oneOf('content', ['checked', 'unchecked']),
    signed: isSigned ? { header: readHeader(batch.value('header')), root: batch.bytes('root', 32) } : null,
    declared: isSigned ? null : readDeclared(batch.value('declared')),
  };
}

const HEADER = ['v', 'network', 'seq', 'issuedAt', 'count', 'signer', 'algorithm', 'wrap'];
const HEADER_BYTES = { app: 32, wallet: 32, source: 16, signature: 64 };

function readHeader(value: Cbor | undefined): Header {
  const header = fields(value, 'header', [...HEADER, ...Object.keys(HEADER_BYTES)]);
  const bytes = Object.entries(HEADER_BYTES).map(([name, length]) => [name, toHex(header.bytes(name, length))]);
  return parseHeader({
    ...Object.fromEntries(HEADER.map((name) => [name, header.value(name)])),
    ...Object.fromEntries(bytes),
  });
}

function readDeclared(value: Cbor | undefined): DeclaredBatch {
  const declared = fields(value, 'declared', ['count', 'source', 'seq', 'signer', 'issuedAt']);
  return {
    ...{ count: declared.number('count'), source: declared.bytes('source', 16), seq: declared.number('seq') },
    ...{ signer: declared.oneOf('signer', ['wallet', 'app']), issuedAt: declared.number('issuedAt') },
  };
}

const EVENT_HEAD = ['id', 'type', 'time', 'session', 'blob'];

function readEvent(value: Cbor | undefined): StatedEvent {
  const stated = fields(value, 'event', ['index', 'proof', 'event', 'leaf']);
  const isRemoved = stated.has('leaf');
  if (isRemoved === stated.has('event')) throw new ProtocolError('receipt', 'event');
  const at = { index: stated.number('index'), proof: stated.hashes('proof') };
  if (isRemoved) return { ...at, event: null, leaf: stated.bytes('leaf', 32) };
  const event = fields(stated.value('event'), 'event', [...EVENT_HEAD, 'scopes']);
  const head = EVENT_HEAD.filter((name) => event.has(name)).map((name) => [name, event.value(name)]);
  const scopes = event
    .hashesByName('scopes')
    .map(([name, hash]): [string, ClosedScope] => [name, { commitment: toHex(hash) }]);
  return { ...at, event: parseEvent({ ...Object.fromEntries(head), scopes: Object.fromEntries(scopes) }), leaf: null };
}

function readStorage(value: Cbor | undefined): StatedStorage {
  const storage = fields(value, 'storage', ['cluster', 'segment', 'slot', 'hash', 'bytes']);
  return {
    ...{ cluster: storage.text('cluster'), segment: storage.anyBytes('segment'), slot: storage.number('slot') },
    ...{ hash: storage.bytes('hash', 32), bytes: storage.number('bytes') },
  };
}

const ROUND = ['round', 'leaf', 'index', 'leaves', 'proof', 'root', 'remark', 'block', 'extrinsic'];

function readSettlement(value: Cbor | undefined): StatedSettlement {
  const settlement = fields(value, 'settlement', ['state', ...ROUND]);
  const state = settlement.oneOf('state', ['pending', 'unpaid', 'final']);
  const isAnchored = settlement.has('block');
  if (isAnchored !== settlement.has('extrinsic') || isAnchored !== (state === 'final'))
    throw new ProtocolError('receipt', 'settlement');
  if (!ROUND.some((name) => settlement.has(name))) return { state, round: null };
  const leaf = fields(settlement.value('leaf'), 'leaf', ['hash', 'count', 'bytes', 'fee']);
  const block = isAnchored ? fields(settlement.value('block'), 'block', ['number', 'hash']) : null;
  return {
    state,
    round: {
      ...{ round: settlement.number('round'), index: settlement.number('index'), leaves: settlement.number('leaves') },
      ...{
        proof: settlement.hashes('proof'),
        root: settlement.bytes('root', 32),
        remark: settlement.anyBytes('remark'),
      },
      leaf: {
        ...{ hash: leaf.bytes('hash', 32), count: leaf.number('count'), bytes: leaf.number('bytes') },
        fee: leaf.amount('fee'),
      },
      anchor: block && {
        block: { number: block.number('number'), hash: block.bytes('hash', 32) },
        extrinsic: settlement.bytes('extrinsic', 32),
      },
    },
  };
}
