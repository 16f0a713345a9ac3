import { chain } from './chain.ts';
import { ipfs } from './ipfs.ts';
import { kafka } from './kafka.ts';
import type { Part } from './part.ts';
import { postgres } from './postgres.ts';
import { registry } from './registry.ts';

/** Every part of the stack, slowest to start first. */
export const PARTS: readonly Part[] = [kafka, registry, chain, postgres, ipfs];
