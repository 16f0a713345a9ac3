export { type Batch, type ClientPart, encodeNdjson, MAX_BODY, MAX_ENCRYPTED } from './batch.ts';
export {
  type BatchReceipt,
  batchPayload,
  type DeclaredBatch,
  type StatedBatch,
  type StatedEvent,
  type StatedPosition,
  type StatedRound,
  type StatedSettlement,
  type StatedStorage,
} from './batch-receipt.ts';
export {
  BLOB_CHUNK,
  BLOB_OVERHEAD,
  type BlobPlace,
  blobChunkCid,
  blobChunkLength,
  blobChunks,
  blobCid,
  blobKey,
  MAX_BLOB,
  openBlobChunk,
  sealBlobChunk,
} from './blob.ts';
export { type BlobTop, decodeBlobTop, encodeBlobTop } from './blob-top.ts';
export {
  concat,
  equalBytes,
  fromBase64url,
  fromHex,
  fromUtf8,
  isHex,
  lp,
  toBase64url,
  toHex,
  u16,
  u32,
  u64,
  u128,
  utf8,
} from './bytes.ts';
export type { CborMap } from './cbor-fields.ts';
export { blockCid, isCidV1, segmentCid } from './cid.ts';
export type { Claim, Verdict } from './claims.ts';
export { closeEvent } from './close-event.ts';
export {
  type Completeness,
  type CompletenessClaim,
  type CompletenessLine,
  completenessOf,
  type SeenBatch,
  type SourceVerdict,
} from './completeness.ts';
export {
  type Asker,
  type Consent,
  currentPolicy,
  isLive,
  isRevoked,
  type KeyRequest,
  mayServe,
  type ServedKey,
} from './consent.ts';
export { type Cbor, decodeCbor, encodeCbor } from './dag-cbor.ts';
export { isTooDeep } from './depth.ts';
export { type Disclosure, disclose, parseDisclosure, verifyDisclosure } from './disclosure.ts';
export { ENVELOPE_OVERHEAD } from './encrypted-size.ts';
export { envelopeEpoch, open, openAll, type Place, type SealedPart, seal } from './envelope.ts';
export { PROTOCOL_ERRORS, ProtocolError, type ProtocolErrorCode } from './errors.ts';
export {
  type ClosedScope,
  type Event,
  isEventId,
  MAX_SCOPES,
  millisecondsOf,
  type OpenScope,
  parseEvent,
  type RemovedEvent,
  type Scope,
  type SealedScope,
} from './event.ts';
export {
  type BatchLine,
  type EventLine,
  type ExpectedOwner,
  type ProvedBatch,
  proveBatch,
  proveEvent,
  type RemovalLine,
  type UnreadableLine,
} from './extract.ts';
export { blake2b256, blake2b512 } from './hash.ts';
export {
  type Algorithm,
  batchId,
  checkFresh,
  type Header,
  isNetwork,
  MAX_COUNT,
  parseHeader,
  parseUnsignedHeader,
  type Signer,
  signedMessage,
  signerKey,
  type UnsignedHeader,
  type Wrap,
  ZERO_KEY,
} from './header.ts';
export type { ChainFacts } from './judge-settlement.ts';
export { LAST_EPOCH, scopeKey, subjectOf } from './keys.ts';
export { commitment, leafOf, leafPreimage } from './leaf.ts';
export { type Meta, type MetaKey, openMeta, peekMeta, sealMeta } from './meta.ts';
export { parseBatch } from './parse-batch.ts';
export { type Receipt, signReceipt, verifyReceipt } from './receipt.ts';
export { recordKeys } from './record-key.ts';
export { type Epochs, rekey } from './rekey.ts';
export { type Credential, encodeBearer, verifyBearer } from './requests/credential.ts';
export { type Content, isKindName, KINDS, type KindName } from './requests/kinds.ts';
export {
  checkRequestTime,
  type ParsedRequest,
  parseRequest,
  type RequestFields,
  requestMessage,
  type SignedRequest,
  signRequest,
  type VerifiedRequest,
  verifyRequest,
} from './requests/request.ts';
export type { Run } from './runs.ts';
export { DEFAULT_SCOPE, isScopeName, META_SCOPE } from './scope-name.ts';
export { openScopeKey, SEALED_KEY_BYTES, sealScopeKey } from './sealed-key.ts';
export { KeyPair, Secret } from './secret.ts';
export { readSegment, type StoredBatch } from './segment.ts';
export { fee, parseRemark, remark, type SettlementRemark, settlementLeaf } from './settlement.ts';
export { type SignedBatch, type SignRequest, signBatch } from './sign-batch.ts';
export { keyPairFromSeed, type SignatureClaim, sign, verifySignature } from './signature.ts';
export { ready, scrub } from './sodium.ts';
export { mergeScopes, splitScopes } from './split-scopes.ts';
export { type Address, decodeSs58, encodeSs58, isSs58Prefix } from './ss58.ts';
export { openTransit, sealTransit, transitKeyPair } from './transit.ts';
export { inclusionProof, proofIn, rootOf, treeLevels, verifyInclusion } from './tree.ts';
export { unwrapRoot, WRAPPED_ROOT_BYTES, wrappedKekVersion, wrapRoot } from './user-root.ts';
export { measureBatch, type VerifiedBatch, verifyBatch } from './verify-batch.ts';
export { type JudgedReceipt, judgeReceipt, type PinnedOperator, signedBy, type Witnesses } from './verify-receipt.ts';
export { encryptionKeyPairFromSeed, isX25519Key } from './x25519.ts';
