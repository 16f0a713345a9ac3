import type { Log, LogFields } from '../pipeline/log.ts';
import { errorFields } from '../pipeline/log.ts';
import type { Metrics } from '../pipeline/metrics.ts';

/** What the settler tells: a log line and a counter, always together. */
export const EVENTS = {
  cut: { level: 'info', message: 'a round was cut' },
  signed: { level: 'info', message: 'an extrinsic is signed and stored; now it is sent' },
  refused: { level: 'warn', message: 'the node refused the bytes; the blocks will tell what became of them' },
  included: { level: 'info', message: 'the extrinsic is in a block; waiting until it is final' },
  finalized: { level: 'info', message: 'the extrinsic is final' },
  failed: { level: 'error', message: 'a charge moved nothing; it is tried again alone' },
  unpaid: { level: 'error', message: 'an app cannot pay: writes get 402 until its pot is funded' },
  paid: { level: 'info', message: 'an app that could not pay is settled' },
  vanished: { level: 'error', message: 'the block of the extrinsic is no longer canonical' },
  expired: { level: 'warn', message: 'the era has passed without inclusion; the charges are signed again' },
  usurped: { level: 'error', message: "another transaction used the operator's nonce: somebody else holds its key" },
  behind: {
    level: 'error',
    message: "the chain's nonce is behind the outbox: another chain, or one that lost final blocks",
  },
  pruned: {
    level: 'error',
    message: 'the node no longer keeps the state of a block that is needed: waiting for an archive node at CHAIN_RPC',
  },
  retry: { level: 'warn', message: 'chain, database or log did not answer; trying again' },
  leading: { level: 'info', message: 'this instance drives the chain' },
  following: { level: 'info', message: 'another instance drives the chain' },
  published: { level: 'debug', message: 'final charges are in ddc.settlements.finalized' },
} as const;

export type SettlerEvent = keyof typeof EVENTS;

export interface SettlerSignals {
  emit(name: SettlerEvent, fields?: LogFields, error?: unknown): void;
}

export function createSettlerSignals(log: Log, metrics: Metrics): SettlerSignals {
  const counter = metrics.counter('ddc_settler_events_total', 'What happened to rounds and their extrinsics.', [
    'kind',
  ]);
  return {
    emit(name, fields = {}, error = undefined) {
      const { level, message } = EVENTS[name];
      log[level]({ event: name, ...fields, ...(error === undefined ? {} : { error: errorFields(error) }) }, message);
      counter.inc({ kind: name });
    },
  };
}
