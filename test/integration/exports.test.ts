import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withExports } from '../../cli/exports/edges.ts';
import { withDeployment } from '../../cli/replay/deployment.ts';
import { createConsumerGroups } from '../../connectors/kafka/index.ts';
import { createApps } from '../../connectors/postgres/apps.ts';
import { createExportOffers } from '../../connectors/postgres/export-offers.ts';
import { createExports } from '../../connectors/postgres/exports.ts';
import { sinksWith } from '../../connectors/sinks/index.ts';
import ndjson from '../../connectors/sinks/ndjson.ts';
import { fromHex } from '../../protocol/index.ts';
import { declareExport, judgeDeclaration } from '../../services/pipeline/exports/declare.ts';
import { type ExportView, viewExports } from '../../services/pipeline/exports/view.ts';
import type { ExportRow } from '../../services/pipeline/ports/sink.ts';
import { childOf } from '../support/child-of.ts';
import { kafkaOptions } from '../support/kafka.ts';
import { SCOPES, TABLE } from '../support/pinned-batches.ts';
import { openPinnedLog, type PinnedLog } from '../support/pinned-log.ts';
import { eventually, type RoomProcess, startRoom } from '../support/room-process.ts';
import { ddc } from '../support/sandbox.ts';
import { seen, shown } from '../support/seen-rows.ts';
import { targetOf } from '../support/targets.ts';

const PARTITIONS = 2;
const TEMPLATE = fileURLToPath(new URL('../../examples/sink-template/my-sink.ts', import.meta.url));

describe('declared exports on real Kafka, registry and PostgreSQL', () => {
  let log: PinnedLog;
  let env: Record<string, string>;
  let room: RoomProcess;
  const rows: ExportRow[] = [];

  const folder = (name: string) => join(log.scratch, name);
  const command = (...args: string[]) => ddc(['exports', ...args], env);
  const add = (name: string, ...more: string[]) =>
    command(
      'add',
      name,
      '--app',
      log.app,
      '--scopes',
      ...SCOPES,
      '--sink',
      'ndjson',
      '--config',
      JSON.stringify({ folder: folder(name) }),
      ...more,
    );
  const exported = async (name: string) => seen(await (await ndjson.trial(folder(name), targetOf)).rows([TABLE]));
  const feed = async (batches: number) => {
    const fed = await log.feed(batches, 3);
    rows.push(...fed);
    return fed;
  };
  /** As the commands see them, without a process for each look. */
  const views = (): Promise<Record<string, ExportView>> =>
    withExports(async ({ exports, view }) =>
      Object.fromEntries((await viewExports(view, await exports.list())).map((one) => [one.name, one])),
    );
  const startsOf = async (name: string) => (await views())[name]?.process?.starts ?? 0;
  const declared = (name: string, more: object = {}) =>
    withExports(async ({ declare }) => {
      const said = { name, scopes: SCOPES, sink: 'ndjson', config: { folder: folder(name) }, ...more };
      await declareExport(declare, await judgeDeclaration(declare, log.app, said, 'operator'), 'running');
    });
  const delivered = (name: string, wanted: readonly ExportRow[]) =>
    eventually(`${name} has ${wanted.length} rows`, async () => {
      const found = await exported(name);
      return found.length >= wanted.length ? found : null;
    });
  /** Process id of an export's process: a child of the room that was given this name. */
  const pidOf = (name: string) => childOf(room.pid, `DDC_EXPORT=${name}`);
  const isAlive = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  beforeAll(async () => {
    log = await openPinnedLog('exports', PARTITIONS);
    env = { ...log.env, DDC_SINKS: TEMPLATE };
    Object.assign(process.env, env);
    await createApps(log.db).add({ app: fromHex(log.app, 32) });
    await feed(10);
  }, 180_000);

  afterAll(async () => {
    await room?.stop();
    await log?.close();
  }, 60_000);

  it('are refused as a whole, with everything that is wrong', async () => {
    const { code, stderr } = await command(
      ...[
        'add',
        'Sales',
        '--app',
        '09'.repeat(32),
        '--scopes',
        'a b',
        '--sink',
        'ndjson',
        '--from',
        '2999-01-01T00:00:00Z',
      ],
      ...['--config', '{"colour":"red","token":"hunter2"}'],
    );
    expect(code).toBe(1);
    for (const problem of ['name', 'app', 'scopes.0', 'from', 'config.folder', 'config.colour', 'config.token'])
      expect(stderr).toContain(`- ${problem}: `);
    expect(stderr).not.toContain('hunter2');
    expect(await createExports(log.db).list()).toEqual([]);
  }, 60_000);

  it('show their first rows before they are declared, and leave nothing behind', async () => {
    const { code, stdout, stderr } = await add('tried', '--dry-run', '4', '--types', 'PURCHASE');
    expect([code, stderr]).toEqual([0, expect.stringContaining('Nothing was declared, written or consumed.')]);
    const shownRows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ExportRow);
    const wanted = rows.filter((row) => row.type === 'PURCHASE' && row.partition === 0).slice(0, 4);
    expect(shownRows.map(({ eventId, values }) => [eventId, values])).toEqual(
      wanted.map(({ eventId, values }) => [eventId, values]),
    );
    expect(await createExports(log.db).list()).toEqual([]);
    expect(await readdir(log.scratch)).not.toContain('tried');
  }, 60_000);

  it('are offered to partners only where partners could attach them', async () => {
    const wish = ['exports', 'offer', '--app', log.app, '--scopes', ...SCOPES, '--sinks', 'kafka', '--json'];
    const offered = () => createExportOffers(log.db).find(fromHex(log.app, 32));
    const refused = await ddc(wish, { ...log.env, DDC_EXPORT_SINKS: 'webhook' });
    expect([refused.code, JSON.parse(refused.stdout).refused]).toEqual([
      1,
      expect.objectContaining({ code: 'bad_declaration', problems: [expect.objectContaining({ path: 'sinks.0' })] }),
    ]);
    expect(await offered()).toBeNull();
    const { code, stdout } = await ddc(wish, { ...log.env, DDC_EXPORT_SINKS: 'webhook,kafka' });
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ scopes: SCOPES, types: null })]);
    expect(await offered()).toMatchObject({ scopes: SCOPES, types: null, sinks: ['kafka'], partners: null });
  }, 60_000);

  it('run each for itself: one whose target fails holds up nobody, and says in words why', async () => {
    // A file stands where the folder should be.
    await writeFile(folder('broken'), 'in the way');
    expect(await add('good')).toMatchObject({ code: 0, stderr: '' });
    await declared('broken');
    room = startRoom('exports', env);
    expect(await delivered('good', rows)).toEqual(shown(rows));
    await feed(10);
    expect(await delivered('good', rows)).toEqual(shown(rows));
    const { good, broken } = await eventually('its trouble is told', async () => {
      const found = await views();
      return found.broken?.health === 'failing' && found.good?.lag.batches === 0 ? found : null;
    });
    expect(good).toMatchObject({
      health: 'running',
      rows: rows.length,
      lag: { batches: 0, seconds: 0 },
      lastError: null,
    });
    expect(good?.process).toMatchObject({ state: 'up', starts: 1 });
    expect(broken).toMatchObject({ rows: 0, lag: { batches: rows.length / 3 + 6 } });
    expect(broken?.lastError?.message).toContain('broken');
    expect(broken?.lastError?.code).toBe('sink_not_writable');
    expect(await startsOf('broken')).toBeGreaterThan(1);
  }, 120_000);

  it("go to a sink of one's own like to any other, and into that a replay is judged", async () => {
    await mkdir(folder('own'));
    await declared('own', { sink: 'mine' });
    const [mine] = (await sinksWith([TEMPLATE])).slice(-1);
    const target = await mine?.trial(folder('own'), targetOf);
    const delivered = await eventually(`own has ${rows.length} rows`, async () => {
      const found = (await target?.rows([TABLE])) ?? [];
      return found.length >= rows.length ? found : null;
    });
    expect(seen(delivered)).toEqual(shown(rows));
    await withDeployment(async ({ judgeSink }) => {
      expect(await judgeSink('mine', { folder: folder('again') })).toEqual([]);
      expect(await judgeSink('ours', {})).toMatchObject([{ code: 'unknown_sink' }]);
    });
  }, 120_000);

  it('come back alone when their process is killed, with every row once', async () => {
    const [pid, other] = [pidOf('good'), await startsOf('broken')];
    if (pid === null) throw new Error('there is no process of it');
    process.kill(pid, 'SIGKILL');
    await feed(6);
    expect(await delivered('good', rows)).toEqual(shown(rows));
    expect(pidOf('good')).not.toBe(pid);
    expect(await startsOf('good')).toBe(2);
    expect(await startsOf('broken')).toBeGreaterThanOrEqual(other);
    expect(room.output()).not.toContain('"child":"good","level":"fatal"');
  }, 120_000);

  it('keep their place while they are paused', async () => {
    expect((await command('pause', 'good')).stdout).toContain('good is paused');
    await eventually('its process has stopped', async () => (pidOf('good') === null ? true : null));
    const before = rows.length;
    await feed(4);
    expect((await views()).good).toMatchObject({ health: 'paused', rows: expect.any(Number), lag: { batches: 5 } });
    expect(await exported('good')).toHaveLength(before);
    await withExports(async ({ exports }) => exports.setState((await exports.find('good'))?.id ?? 0, 'running'));
    expect(await delivered('good', rows)).toEqual(shown(rows));
  }, 120_000);

  it('begin where they were told to, and take up what was missing once their target is mended', async () => {
    await declared('late', { from: 'now', types: ['PAGE_VIEW'] });
    await rm(folder('broken'));
    await mkdir(folder('broken'));
    const fed = (await feed(4)).filter((row) => row.type === 'PAGE_VIEW');
    expect(await delivered('late', fed)).toEqual(shown(fed));
    expect(await delivered('broken', rows)).toEqual(shown(rows));
    const { stdout } = await command('show', 'late');
    expect(stdout).toContain('PAGE_VIEW');
    expect(stdout).toContain(`purchase of ${rows.length / 3}, profile of ${rows.length / 3}`);
  }, 120_000);

  it('are forgotten when they are removed, and what they delivered stays', async () => {
    const group = `${log.prefix}export-good`;
    const groups = createConsumerGroups(kafkaOptions());
    expect(await groups.members(group)).toBe(1);
    const { code, stdout } = await command('rm', 'good');
    expect([code, stdout]).toEqual([0, expect.stringContaining('stays where it is')]);
    expect(await createExports(log.db).find('good')).toBeNull();
    expect(await groups.members(group)).toBe(0);
    expect(await exported('good')).toEqual(shown(rows));
    expect(pidOf('good')).toBeNull();
  }, 120_000);

  it('end with the room that runs them, however it ends', async () => {
    const pids = ['late', 'broken'].map(pidOf);
    expect(pids).not.toContain(null);
    await room.kill();
    await eventually('their processes are gone', async () => (pids.some((pid) => isAlive(pid ?? 0)) ? null : true));
  }, 60_000);
});
