import {
  fromBase64url,
  fromHex,
  isHex,
  ProtocolError,
  toBase64url,
  toHex,
  WRAPPED_ROOT_BYTES,
} from '../../../protocol/index.ts';
import { FatalError } from '../../../services/pipeline/errors.ts';
import type { RootRef } from '../../../services/pipeline/ports/vault.ts';
import { OVERWRITTEN } from '../../postgres/user-roots.ts';
import type { StoredRoot } from '../open-root.ts';

/** A root as a backup holds it: still wrapped, or overwritten. */
export type BackedUpRoot = RootRef &
  StoredRoot & {
    /** Erasures of the owner that the database knew. Where it knows more at a restore, they came after and reach every root of this line's owner. */
    readonly erasures: number;
  };

export interface BackupHead {
  /** Ids of the logs that the database counts offsets of, hex; none where no room has run. */
  readonly logs: readonly string[];
}

export interface BackupEnd {
  readonly roots: number;
  /** Versions of the KEK that the roots are wrapped with, ascending. */
  readonly keks: readonly number[];
  /** SHA-256 of every byte before this line, hex. */
  readonly sha256: string;
}

const KIND = 'ddc-keys';
const VERSION = 1;

export const damaged = (what: string, options?: { cause: unknown }): FatalError =>
  new FatalError('backup_damaged', `The backup is damaged: ${what}. Take another copy.`, options);

export const headLine = ({ logs }: BackupHead): string => `${JSON.stringify({ kind: KIND, v: VERSION, logs })}\n`;

export function rootLine({ app, wallet, rootVersion, epoch, mode, subject, erasures, wrapped }: BackedUpRoot): string {
  const place = {
    app: toHex(app),
    wallet: toHex(wallet),
    rootVersion,
    epoch,
    mode,
    subject: subject && toHex(subject),
    erasures,
  };
  return `${JSON.stringify({ ...place, wrapped: toBase64url(wrapped) })}\n`;
}

export const endLine = ({ roots, keks, sha256 }: BackupEnd): string => `${JSON.stringify({ roots, keks, sha256 })}\n`;

type Members = { readonly [name: string]: unknown };

function membersOf(line: string, what: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw damaged(`${what} is no JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`${what} is no object`);
  return value as Members;
}

/** @throws FatalError `backup_version` for another kind of file or a version that this code does not know, `backup_damaged` */
export function parseHead(line: string): BackupHead {
  const { kind, v, logs } = membersOf(line, 'its first line');
  if (kind !== KIND || v !== VERSION)
    throw new FatalError('backup_version', `This is no backup of keys in version ${VERSION}: it says ${kind} ${v}.`);
  if (!Array.isArray(logs) || !logs.every((log) => isHex(log, 16))) throw damaged('its first line names no logs');
  return { logs };
}

export const isEnd = (line: string): boolean => line.startsWith('{"roots":');

/** @throws FatalError `backup_damaged` */
export function parseEnd(line: string): BackupEnd {
  const { roots, keks, sha256 } = membersOf(line, 'its last line');
  if (!isCount(roots) || !isHex(sha256, 32) || !Array.isArray(keks) || !keks.every(isCount))
    throw damaged('its last line has another form');
  return { roots, keks, sha256 };
}

/** @throws FatalError `backup_damaged` */
export function parseRoot(line: string, at: number): BackedUpRoot {
  const members = membersOf(line, `line ${at}`);
  const { app, wallet, rootVersion, epoch, mode, subject, erasures, wrapped } = members;
  const isService = mode === 'service' && subject === null;
  const isClient = mode === 'client' && isHex(subject, 32);
  const isNamed = isHex(app, 32) && isHex(wallet, 32) && isCount(rootVersion);
  if (!isNamed || !isCount(epoch) || !(isService || isClient) || !isCount(erasures))
    throw damaged(`line ${at} has another form`);
  const bytes = wrappedBytes(wrapped, at);
  const place = { app: fromHex(app, 32), wallet: fromHex(wallet, 32), rootVersion, epoch, erasures, wrapped: bytes };
  return isClient
    ? { ...place, mode: 'client', subject: fromHex(subject, 32) }
    : { ...place, mode: 'service', subject: null };
}

function wrappedBytes(text: unknown, at: number): Uint8Array {
  try {
    const bytes = typeof text === 'string' ? fromBase64url(text) : null;
    if (bytes && (bytes.length === OVERWRITTEN.length || bytes.length === WRAPPED_ROOT_BYTES)) return bytes;
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
  }
  throw damaged(`line ${at} holds no wrapped root`);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
