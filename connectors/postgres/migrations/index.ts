import positions from './001-positions.ts';
import batchIds from './002-batch-ids.ts';
import apps from './003-apps.ts';
import vault from './010-vault.ts';
import pins from './011-pins.ts';
import index from './020-index.ts';
import settlement from './030-settlement.ts';
import requests from './040-requests.ts';
import erasing from './050-erasing.ts';
import keks from './060-keks.ts';
import removalLog from './070-removal-log.ts';
import indexPages from './080-index-pages.ts';
import consent from './090-consent.ts';
import revokes from './100-revokes.ts';
import tokenRevocations from './110-token-revocations.ts';
import removedEvents from './120-removed-events.ts';
import blobs from './130-blobs.ts';
import removedBlobs from './131-removed-blobs.ts';
import usage from './140-usage.ts';
import wallets from './150-wallets.ts';
import extract from './170-extract.ts';
import revocationsRead from './180-revocations-read.ts';
import openRemovals from './181-open-removals.ts';
import declaredExports from './210-declared-exports.ts';
import exportOffers from './211-export-offers.ts';
import replays from './250-replays.ts';
import replaysByApp from './251-replays-by-app.ts';
import unclearedReplays from './252-uncleared-replays.ts';
import replaysIntoExports from './253-replays-into-exports.ts';
import exportNotes from './260-export-notes.ts';
import type { Migration } from './define-migration.ts';

/** In the order in which they run. */
export const migrations: readonly Migration[] = [
  positions,
  batchIds,
  apps,
  vault,
  pins,
  index,
  settlement,
  requests,
  erasing,
  keks,
  removalLog,
  indexPages,
  consent,
  revokes,
  tokenRevocations,
  removedEvents,
  blobs,
  removedBlobs,
  usage,
  wallets,
  extract,
  revocationsRead,
  openRemovals,
  declaredExports,
  exportOffers,
  replays,
  replaysByApp,
  unclearedReplays,
  replaysIntoExports,
  exportNotes,
];
