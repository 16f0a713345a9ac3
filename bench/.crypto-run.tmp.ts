import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { applyTopics } from '../cli/topics.ts';
import { createKafkaLookup, createKafkaWriter } from '../connectors/kafka/index.ts';
import { createRegistryCodecs } from '../connectors/registry/index.ts';
import { openVault } from '../connectors/vault/postgres-vault.ts';
import { readKekFile } from '../connectors/vault/kek-file.ts';
import { openTestDatabase } from '../test/support/database.ts';
import { createTestSigner } from '../test/support/signed-batches.ts';
import { kafkaOptions } from '../test/support/kafka.ts';
import { ready, sealTransit, toHex } from '../protocol/index.ts';
import { batchesReceived } from '../topics/batches-received.ts';
import { batchesPinned } from '../topics/batches-pinned.ts';
import { processHost } from '../services/pipeline/host/main.ts';
await ready();
const per = Number(process.argv[2]), N = Number(process.argv[3]), faultsPinner = process.argv[4] ?? '', faultsEncryptor = process.argv[5] ?? '';
const prefix = `crypto-${randomBytes(4).toString('hex')}.`;
await applyTopics({ brokers: process.env.KAFKA_BROKERS!.split(','), registryUrl: process.env.SCHEMA_REGISTRY_URL!, prefix, partitions: 4 });
const db = await openTestDatabase('crypto_run');
writeFileSync('/tmp/crypto-run/kek', `1 ${'ab'.repeat(32)}\n`);
const env = { ...process.env, DATABASE_URL: db.url, DDC_TOPIC_PREFIX: prefix, DDC_KEK_FILE: '/tmp/crypto-run/kek', DDC_HTTP_PORT: '0', NODE_OPTIONS: '', DDC_LOG_LEVEL: 'info' };
let stopping = false; let restarts = 0; const cpuGone: Record<string, number> = { encryptor: 0, pinner: 0 };
const procs: Record<string, ChildProcess> = {}; const logs: Record<string, string> = { encryptor: '', pinner: '' };
const cpu = (pid: number) => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
function start(room: string, faults: string) {
  const p = spawn('node', ['--import', 'tsx', `services/${room}/main.ts`], { cwd: '/work/main', env: { ...env, ...(faults ? { DDC_FAULTS: faults } : {}) } });
  procs[room] = p;
  p.stdout.on('data', (d) => { logs[room] += d; }); p.stderr.on('data', (d) => { logs[room] += d; });
  p.on('exit', (code, sig) => { console.log(room, 'exit', code, sig); if (!stopping) { restarts++; start(room, restarts < 6 ? faults : ''); } });
}
start('encryptor', faultsEncryptor); start('pinner', faultsPinner);
const codecs = createRegistryCodecs({ url: process.env.SCHEMA_REGISTRY_URL! });
const rc = await codecs.for({ ...batchesReceived, name: prefix + batchesReceived.name });
const pc = await codecs.for({ ...batchesPinned, name: prefix + batchesPinned.name });
const vault = openVault({ db, keks: await readKekFile('/tmp/crypto-run/kek'), random: processHost.random, clock: processHost.clock });
const kafka = kafkaOptions(); const writer = createKafkaWriter(kafka); const lookup = createKafkaLookup(kafka);
const per4: { key: Uint8Array; value: Uint8Array }[][] = [[], [], [], []]; const ids: string[][] = [[], [], [], []];
for (let i = 0; i < N; i++) {
  const s = createTestSigner(); const b = s.sign({ count: per });
  const [t] = await vault.transit([s]);
  per4[i % 4]!.push({ key: s.wallet, value: rc.encode({ batchId: b.batchId, app: s.app, wallet: s.wallet, rootVersion: 1, receivedAt: Date.now(), format: 'ndjson', sealed: sealTransit(t!.publicKey, b.ndjson) }) });
  ids[i % 4]!.push(toHex(b.batchId));
}
while (!/assigned/.test(logs.encryptor!) || !/assigned/.test(logs.pinner!)) { await new Promise((r) => setTimeout(r, 200)); if (Object.values(procs).some((p) => p.exitCode !== null && p.exitCode !== 0)) { console.log(logs.encryptor!.slice(-2000), logs.pinner!.slice(-2000)); process.exit(1); } }
const c0 = { e: cpu(procs.encryptor!.pid!), p: cpu(procs.pinner!.pid!) };
const t0 = performance.now();
for (const [p, recs] of per4.entries()) for (let i = 0; i < recs.length; i += 20) await writer.send(prefix + batchesReceived.name, p, recs.slice(i, i + 20));
const t1 = performance.now();
const end = async (topic: string) => { let n = 0; for (let p = 0; p < 4; p++) n += await lookup.endOffset(prefix + topic, p); return n; };
let encAt = 0;
const limit = Date.now() + 150_000;
for (;;) { const e = await end('ddc.batches.encrypted'); if (!encAt && e >= N) encAt = performance.now(); const rows = await db.kysely.selectFrom('positions').select(['stage','partition','mark']).where('stage','=','pinner').execute(); const done = rows.reduce((s, r) => s + r.mark + 1, 0); if (done >= N) break; if (Date.now() > limit) { console.log('TIMEOUT', e, await end(batchesPinned.name), rows); break; } await new Promise((r) => setTimeout(r, 100)); }
const t2 = performance.now();
if (!restarts) { const c1 = { e: cpu(procs.encryptor!.pid!), p: cpu(procs.pinner!.pid!) };
console.log(`events ${per * N}; encryptor CPU ${((c1.e - c0.e) * 1000 / per / N).toFixed(1)} us/event = ${(per * N / (c1.e - c0.e) * 1000).toFixed(0)} events/s per core; pinner CPU ${((c1.p - c0.p) * 1000 / per / N).toFixed(1)} us/event = ${(per * N / (c1.p - c0.p) * 1000).toFixed(0)} events/s per core`); }
console.log(`wall: send ${(t1 - t0).toFixed(0)} ms, encrypted after ${(encAt - t0).toFixed(0)} ms (${(per * N / (encAt - t0) * 1000).toFixed(0)}/s), pinned after ${(t2 - t0).toFixed(0)} ms (${(per * N / (t2 - t0) * 1000).toFixed(0)}/s)`);
// read rule over pinned: every origin once, accepted in order, live
let extra = 0, bad = 0; for (let p = 0; p < 4; p++) { let mark = -1; const seen: string[] = []; const e = await lookup.endOffset(prefix + batchesPinned.name, p); for (let o = 0; o < e; o++) { const r = await lookup.readAt(prefix + batchesPinned.name, p, o); const origin = Number(r.headers.origin); if (origin <= mark) { extra++; continue; } if (origin !== mark + 1) { bad++; continue; } mark = origin; const v = pc.decode(r.value); if (!v.body) bad++; seen.push(toHex(v.batchId)); } if (JSON.stringify(seen) !== JSON.stringify(ids[p])) { bad++; console.log('partition', p, 'differs', seen.length, ids[p]!.length); } }
const pins = await db.kysely.selectFrom('pins').select((b) => b.fn.countAll().as('n')).executeTakeFirst();
console.log(`restarts ${restarts}, copies below the mark ${extra}, wrong ${bad}, pins ${pins?.n}`);
stopping = true; const stopAt = performance.now();
await Promise.all(Object.values(procs).map((p) => new Promise((r) => { p.on('exit', r); p.kill('SIGTERM'); })));
console.log('stopped in', (performance.now() - stopAt).toFixed(0), 'ms');
writeFileSync('/tmp/crypto-run/encryptor.log', logs.encryptor!); writeFileSync('/tmp/crypto-run/pinner.log', logs.pinner!);
await writer.close(); await lookup.close(); await db.close(); process.exit(0);
