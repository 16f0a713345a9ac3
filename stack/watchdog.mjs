// Ends what its parent started when the parent is gone, however it went. The parent writes one JSON line per change:
// {"add": pid, "signal": "SIGTERM"}, {"remove": pid}, {"remove": "all"} (a proper end), {"atEnd": [command, …arguments]}.
// The end of stdin is the death of the parent. Plain JavaScript, so that it starts at once.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const GRACE_MS = 10_000;
const groups = new Map();
const commands = [];

// It has its own session; a signal sent to it by hand must not leave the others alone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const { add, signal, remove, atEnd } = JSON.parse(line);
  if (add) groups.set(add, signal);
  else if (remove === 'all') {
    groups.clear();
    commands.length = 0;
  } else if (remove) groups.delete(remove);
  else if (atEnd) commands.push(atEnd);
}

const alive = () =>
  [...groups.keys()].filter((pid) => {
    try {
      process.kill(-pid, 0);
      return true;
    } catch {
      return false; // no such group: it has ended
    }
  });
const signalAll = (pids, signalOf) => {
  for (const pid of pids) {
    try {
      process.kill(-pid, signalOf(pid));
    } catch {
      // ended between the look and the signal
    }
  }
};

signalAll(alive(), (pid) => groups.get(pid));
const deadline = Date.now() + GRACE_MS;
while (alive().length > 0 && Date.now() < deadline) await wait(100);
signalAll(alive(), () => 'SIGKILL');
for (const [command, ...args] of commands) spawn(command, args, { stdio: 'ignore', detached: true }).unref();
