import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { sandboxCast } from '../cli/demo/cast.ts';
import { toHex } from '../protocol/index.ts';
import { parseConfig } from '../services/pipeline/config.ts';
import { VARIABLES } from '../services/pipeline/variables.ts';
import { PARTS } from './parts.ts';
import { ROOMS } from './rooms.ts';

interface Service {
  image?: string;
  build?: unknown;
  command?: string[];
  profiles?: string[];
  healthcheck?: { test?: unknown };
  environment?: Record<string, string>;
  ports?: string[];
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
    expect(Object.keys(services).sort()).toEqual([...PARTS.map((part) => part.name), ...ROOMS, 'topics'].sort());
  });

  it.each(entries)('%s has an image with a pinned tag and belongs to a profile', (_name, service) => {
    expect(service.image).toMatch(/^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$/);
    expect([['core'], ['chain']]).toContainEqual(service.profiles);
  });

  it.each(entries.filter(([name]) => name !== 'topics'))('%s has a health check', (_name, service) => {
    expect(service.healthcheck?.test).toBeDefined();
  });

  it.each([...ROOMS])('%s runs its room with variables that the configuration knows', (room) => {
    expect(services[room]?.command).toEqual(['service', room]);
    expect(Object.keys(services[room]?.environment ?? {}).filter((name) => !VARIABLES.includes(name))).toEqual([]);
  });

  it("exports the sandbox's app, with a configuration that the room takes", async () => {
    const { export: plan } = parseConfig('exporter', withDefaults(services.exporter?.environment ?? {}));
    expect(plan?.app).toBe(toHex((await sandboxCast()).app.publicKey));
  });

  it.each([...PARTS])('$name publishes its port on this machine only', (part) => {
    expect(services[part.name]?.ports?.join()).toMatch(
      new RegExp(`^127\\.0\\.0\\.1:\\$\\{DDC_${part.name.toUpperCase()}_PORT:-\\d+\\}:${part.containerPort}$`),
    );
  });
});
