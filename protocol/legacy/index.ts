export { decodeLegacy, type LegacyRequest } from './decode.ts';
export { encodeG1, type G1Request } from './encode-g1.ts';
export { type EventFields, eventFromG1 } from './event-from-g1.ts';
export { GENERATIONS, type Generation, RULES } from './generation.ts';
export type { Merge } from './merge-scopes.ts';
export type { LegacyPlaintext } from './opened.ts';
export { LEGACY_WARNINGS, type LegacyWarning, type LegacyWarningCode } from './warnings.ts';
