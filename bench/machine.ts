import { cpus } from 'node:os';

/** What a figure was measured on: processor, cores, Node. */
export function machine(): string {
  const all = cpus();
  return `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, Node ${process.versions.node}`;
}
