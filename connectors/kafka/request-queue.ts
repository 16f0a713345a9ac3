import { createRequire } from 'node:module';

/** The part of kafkajs's queue of one connection that is needed here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * After its first answer each connection of kafkajs looks every millisecond, for ever, whether a request waits to be sent: its timer sets
 * itself again with a delay below zero. With this it looks only while one waits; whatever comes to wait starts the timer itself.
 */
export function restWhileNothingWaits(): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
