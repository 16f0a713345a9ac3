import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './launch.ts';
import { type Part, StackError } from './part.ts';
import { freePort } from './port.ts';
import { prepareKafka } from './prepare.mjs';
import { listens } from './probe.ts';

const RECORD_BYTES = 3 * 1024 * 1024;

/** One node, broker and controller in one (KRaft). */
const properties = (port: number, controller: number, folder: string): string =>
  Object.entries({
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(folder, 'log'),
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    'message.max.bytes': String(RECORD_BYTES),
    'replica.fetch.max.bytes': String(RECORD_BYTES),
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A killed broker may register again once its old session has ended.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    'num.network.threads': '2',
    'num.io.threads': '4',
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');

/** 16 bytes as Kafka writes an id. The tool takes an id that begins with a dash for an option, so the first bit is 0. */
export function clusterId(bytes: Uint8Array): string {
  const id = Buffer.from(bytes);
  id[0] = (id[0] ?? 0) & 0x7f;
  return id.toString('base64url');
}

function java(args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('java', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) =>
      reject(new StackError('kafka', `cannot run java (${error.message}). Install Java 17.`)),
    );
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new StackError('kafka', `formatting its storage ended with ${code}`, output)),
    );
  });
}

export const kafka: Part = {
  name: 'kafka',
  env: 'KAFKA_BROKERS',
  containerPort: 9092,
  url: (address) => address,
  async prepare(progress) {
    await prepareKafka(progress);
  },
  async start(options) {
    const libs = join(await prepareKafka(options.progress), '*');
    const folder = join(options.folder, 'kafka');
    mkdirSync(folder, { recursive: true });
    const [port, controller] = [await freePort(), await freePort()];
    const config = join(folder, 'server.properties');
    writeFileSync(config, properties(port, controller, folder));
    const quick = options.fullSpeed ? [] : ['-XX:TieredStopAtLevel=1'];
    if (!existsSync(join(folder, 'log'))) {
      const cluster = clusterId(randomBytes(16));
      const format = ['kafka.tools.StorageTool', 'format', '-t', cluster, '-c', config];
      await java(['-XX:TieredStopAtLevel=1', '-cp', libs, ...format], folder);
    }
    const level = '-Dorg.slf4j.simpleLogger.';
    const logging = [`${level}defaultLogLevel=warn`, `${level}log.kafka.server.KafkaRaftServer=info`];
    return launch(
      {
        name: 'kafka',
        url: `127.0.0.1:${port}`,
        command: 'java',
        args: ['-Xms256m', '-Xmx512m', ...quick, ...logging, '-cp', libs, 'kafka.Kafka', config],
        cwd: folder,
        ready: async (log) => log.includes('Kafka Server started') && (await listens(port)),
      },
      options,
    );
  },
};
