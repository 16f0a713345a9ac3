import type { Kill } from './injector.ts';
import type { PartKill } from './parts.ts';
import type { Verdict } from './verdict.ts';

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

export const lostOf = (v: Verdict): number => Object.values(v.lost).reduce((sum, ids) => sum + ids.length, 0);
export const doubledOf = (v: Verdict): number => total(v.doubled);

export const byHand = (kills: readonly Kill[]): number => kills.filter(({ how }) => how === 'hand').length;

const HEAD = [
  'flow',
  'batches',
  'resent',
  'faults',
  'lost',
  'doubled',
  'false 202',
  'copies enc/pin',
  'voids',
  'drained',
];
const WIDTHS = [12, 8, 7, 44, 5, 8, 10, 15, 9, 6, 8];
const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, i) => String(cell).padEnd(WIDTHS[i] ?? 8)).join(' ');

export const tableHead = (): string => row(HEAD);

/** One flow as a row of the table. @param faults what was done to it, in words */
export function tableRow(v: Verdict, faults: string, drained: number): string {
  const { encrypted, pinned, voids, segments } = v.leftovers;
  return row([
    v.label,
    v.accepted,
    v.resent,
    faults,
    lostOf(v),
    doubledOf(v),
    v.false202,
    `${encrypted}/${pinned}`,
    segments,
    voids,
    `${drained} s`,
  ]);
}

/** `10 kills: 5 hand, 3 after-pin, 2 after-send`. */
export function describeKills(kills: readonly Kill[]): string {
  const counts = new Map<string, number>();
  for (const { how } of kills) counts.set(how, (counts.get(how) ?? 0) + 1);
  return `${kills.length} kills: ${[...counts].map(([how, n]) => `${n} ${how}`).join(', ')}`;
}

export const describeParts = (parts: readonly PartKill[]): string =>
  `killed ${parts.map(({ part, down }) => `${part} (${down} s)`).join(', ')}`;

export const describeLies = (lies: Readonly<Record<string, number>>): string =>
  `lies: ${Object.entries(lies)
    .map(([room, n]) => `${n} ${room}`)
    .join(', ')}`;
