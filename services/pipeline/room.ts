import type { Clock, Random } from './clock.ts';
import { type Config, ConfigError, maskConfig, parseConfig } from './config.ts';
import { createSignals, type Signals } from './events.ts';
import { createFaults, type Faults } from './faults.ts';
import { type HealthServer, serveHealth } from './health.ts';
import { type Host, processHost } from './host/main.ts';
import { createLog, errorFields, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { RoomName } from './variables.ts';

/** What a room gets at its start. */
export interface Boot {
  readonly name: RoomName;
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly signals: Signals;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Keeps what the room opened, to close it when the room stops or its start fails. The last opened is closed first, so a
   * worker finishes what it has in hand while its edges are still open.
   */
  keep<T extends Closable>(part: T): T;
  /** A promise would be broken, or a bug was met: logs and exits with 1 at once, without clean-up. */
  onFatal(error: unknown): void;
}

interface Closable {
  close(): Promise<void>;
}

/** A room at work. */
export interface Running {
  ready(): boolean;
  /** Before anything is closed: resolves when nobody sends here any more, or has had the time to stop. */
  drain?(): Promise<void>;
  /** Resolves when there is nothing left to do, of one that ends by itself. */
  readonly over?: Promise<unknown>;
}

/** After SIGTERM or SIGINT a room has this long to finish the flush in hand. */
const STOP_WITHIN_MS = 10_000;

/**
 * Runs a room as this process: parses the configuration, starts the room, serves health and metrics of a worker
 * (the API serves its own), and stops on SIGTERM or SIGINT within 10 s.
 * @param start opens the room's edges and starts it; what it keeps is closed here
 */
export async function runRoom(
  name: RoomName,
  start: (boot: Boot) => Promise<Running>,
  host: Host = processHost,
): Promise<void> {
  host.tune();
  let config: Config;
  try {
    config = parseConfig(name, host.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createLog(name, 'info', host.clock.now).fatal({ code: error.code, problems: error.problems }, error.message);
    host.exit(1);
    return;
  }
  const log = createLog(name, config.logLevel, host.clock.now);
  log.info({ config: maskConfig(config) }, 'configuration');
  const metrics = createMetrics(name);
  let running: Running | null = null;
  let health: HealthServer | null = null;
  let stopping = false;
  const kept: Closable[] = [];
  const closeKept = async () => {
    for (let part = kept.pop(); part; part = kept.pop()) await part.close();
  };

  const onFatal = (error: unknown) => {
    log.fatal({ error: errorFields(error) }, 'the process exits');
    host.exit(1);
  };
  const stop = async (why: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    const late = host.clock.sleep(STOP_WITHIN_MS + config.drainSeconds * 1000).then(() => {
      log.error(
        { withinMs: STOP_WITHIN_MS },
        'could not stop in time; what was in hand will be done again from the row',
      );
      host.exit(1);
    });
    const closed = (async () => {
      // A start under way still needs what it opened.
      await running?.drain?.();
      if (running) await closeKept();
      await health?.close();
      log.info({}, 'stopped');
      host.exit(0);
    })();
    await Promise.race([late, closed]);
  };

  host.onUncaught(onFatal);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) host.onSignal(signal, () => void stop(signal).catch(onFatal));
  try {
    if (name !== 'api') {
      health = await serveHealth(
        config.httpHost,
        config.httpPort,
        () => !stopping && (running?.ready() ?? false),
        metrics,
      );
      log.info({ port: health.port }, 'listening');
    }
    running = await start({
      name,
      config,
      log,
      metrics,
      signals: createSignals(log, metrics),
      faults: createFaults(config.faults, host.kill),
      clock: host.clock,
      random: host.random,
      keep(part) {
        kept.push(part);
        return part;
      },
      onFatal,
    });
    running.over?.then(() => stop('it is over')).catch(onFatal);
  } catch (error) {
    await closeKept().catch(onFatal);
    onFatal(error);
  }
}
