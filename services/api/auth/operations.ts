/** Operations that a token may name. */
export const OPERATIONS = [
  'grants.read',
  'access.read',
  'removals.read',
  'keys.fetch',
  'disclosures.read',
  'crypto.encrypt',
  'crypto.decrypt',
  'move',
  'batches.locate',
  'batches.write',
  'events.read',
  'events.decrypt',
  'blobs.write',
  'blobs.read',
  'receipts.read',
  'wallets.read',
  'wallets.apps',
  'schemas.read',
  'schemas.write',
] as const;
export type Operation = (typeof OPERATIONS)[number];
