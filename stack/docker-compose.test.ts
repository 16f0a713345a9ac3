import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { sandboxCast } from '../cli/demo/cast.ts';
import { toHex } from '../protocol/index.ts';
import { parseConfig } from '../services/pipeline/config.ts';
import { KEY_ROOMS, VARIABLES } from '../services/pipeline/variables.ts';
import { PARTS } from './parts.ts';
import { ALL_ROOMS } from './rooms.ts';

interface Service {
  image?: string;
  build?: unknown;
  command?: string[];
  profiles?: string[];
  healthcheck?: { test?: unknown };
  environment?: Record<string, string>;
  ports?: string[];
  secrets?: string[];
  volumes?: (string | { target: string })[];
}

const text = readFileSync(new URL('../docker-compose.yml', import.meta.url), 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const entries = Object.entries(services);

/** What compose makes of `${NAME:-default}` where nothing is set. */
const withDefaults = (environment: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replace(/\$\{\w+:-(.*?)\}/g, '$1')]),
  );

describe('docker-compose.yml', () => {
  it('has a service for every part and every room, and one that creates the topics', () => {
    expect(Object.keys(services).sort()).toEqual([...PARTS.map((part) => part.name), ...ALL_ROOMS, 'topics'].sort());
  });

  it.each(entries)('%s has an image with a pinned tag and belongs to a profile', (_name, service) => {
    expect(service.image).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$/);
    expect([['core'], ['chain']]).toContainEqual(service.profiles);
  });

  it.each(entries.filter(([name]) => name !== 'topics'))('%s has a health check', (_name, service) => {
    expect(service.healthcheck?.test).toBeDefined();
  });

  it.each([...ALL_ROOMS])('%s runs its room with variables that the configuration knows', (room) => {
    expect(services[room]?.command).toEqual(['service', room]);
    const environment = withDefaults(services[room]?.environment ?? {});
    expect(Object.keys(environment).filter((name) => !VARIABLES.includes(name))).toEqual([]);
    expect(parseConfig(room, environment).network).toBe('cere-sandbox');
  });

  it('gives secrets to nobody but the rooms that need them', () => {
    const having = (what: (service: Service) => boolean) => entries.flatMap(([name, one]) => (what(one) ? [name] : []));
    const mountsKeks = ({ volumes = [] }: Service) =>
      volumes.some((one) => typeof one === 'object' && one.target === '/keks');
    expect(having(mountsKeks).sort()).toEqual([...KEY_ROOMS].sort());
    expect(having(({ environment }) => environment?.DDC_KEK_FILE !== undefined).sort()).toEqual([...KEY_ROOMS].sort());
    expect(having(({ secrets }) => secrets?.includes('receipt') === true)).toEqual(['api']);
    expect(having(({ secrets }) => secrets?.includes('operator') === true)).toEqual(['settler']);
  });

  it("exports the sandbox's app, with a configuration that the room takes", async () => {
    const { export: plan } = parseConfig('exporter', withDefaults(services.exporter?.environment ?? {}));
    expect(plan).toMatchObject({ app: toHex((await sandboxCast()).app.publicKey) });
  });

  it.each([...PARTS])('$name publishes its port on this machine only', (part) => {
    expect(services[part.name]?.ports?.join()).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:\\$\\{DDC_${part.name.toUpperCase()}_PORT:-\\d+\\}:${part.containerPort}$`),
    );
  });
});
