import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { REJECTIONS } from '../services/exporter/typed/unfit.ts';
import { EVENTS } from '../services/pipeline/events.ts';
import { SCHEMA_PROBLEMS } from '../services/pipeline/typed/problems.ts';
import { EVENTS as SETTLER_EVENTS } from '../services/settler/events.ts';
import { root } from '../stack/root.mjs';
import { writeApiDocument } from './api-doc.ts';
import { COMMANDS } from './commands.ts';
import { configurationDocument } from './configuration-doc.ts';
import { errorsDocument } from './errors-doc.ts';
import { openApiText } from './openapi-doc.ts';

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const IGNORED = new Set(['node_modules', 'dist', 'coverage']);

/** Every Markdown file of the project, relative to its root. */
function pages(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || IGNORED.has(entry.name) ? [] : pages(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** Targets of a page's relative links, as paths from the root. */
function targets(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
  return links.filter((link) => !/^[a-z]+:|^#/.test(link)).map((link) => join(dirname(page), link.replace(/#.*$/, '')));
}

describe('the documents', () => {
  it.each(pages())('%s links to what is there', (page) => {
    expect(targets(page).filter((target) => !existsSync(join(root, target)))).toEqual([]);
  });

  it('every top folder with sources says what lives in it', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const silent = folders
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.') && !IGNORED.has(name) && !existsSync(join(root, name, 'README.md')));
    expect(silent).toEqual([]);
  });

  it('docs/README.md leads to every page', () => {
    const linked = new Set(targets('docs/README.md'));
    const unlinked = pages('docs').filter(
      (page) => relative('docs', page).split('/').length === 1 && !linked.has(page),
    );
    expect(unlinked).toEqual(['docs/README.md']);
  });
});

describe('commands that texts name', () => {
  const sources = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /\.(ts|mjs)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [path] : [];
    });
  const texts = [...pages(), ...['cli', 'connectors', 'sdk', 'services', 'stack', 'topics'].flatMap(sources)];
  /** What stands in backticks or as a line of a shell: `ddc <command> …`. */
  const named = [
    ...new Set(
      texts.flatMap((file) =>
        [...read(file).matchAll(/(?:`|^ {4})(?:npx )?ddc ([a-z][a-z -]*[a-z])/gm)].map(([, words]) => words as string),
      ),
    ),
  ].sort();

  it.each(named)('ddc %s', async (words) => {
    const [name, second] = words.split(' ');
    const command = await COMMANDS.find((one) => one.name === name)?.load();
    expect(command).toBeDefined();
    const below = command?.command().commands.map((one) => one.name()) ?? [];
    if (below.length > 0 && second && !second.startsWith('-')) expect(below).toContain(second);
  });
});

describe('generated documents; `ddc docs` writes them', () => {
  it('docs/errors.md is what the lists of codes say', () => {
    expect(read('docs/errors.md')).toBe(errorsDocument());
  });

  it('docs/configuration.md is what the configuration says', () => {
    expect(read('docs/configuration.md')).toBe(configurationDocument());
  });

  it('docs/openapi.json is what the routes say', async () => {
    expect(read('docs/openapi.json') === (await openApiText())).toBe(true);
  });

  it('docs/api/ is what the TSDoc of protocol/ says, and every public export has some', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ddc-api-'));
    try {
      await writeApiDocument(folder);
      const pagesOf = (at: string) => readdirSync(at).map((name) => [name, readFileSync(join(at, name), 'utf8')]);
      expect(pagesOf(join(root, 'docs/api'))).toEqual(pagesOf(folder));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);
});

describe('docs/schemas.md', () => {
  const page = read('docs/schemas.md');

  it.each([...Object.entries(SCHEMA_PROBLEMS), ...Object.entries(REJECTIONS)])('says what %s is', (code, text) => {
    expect(page).toContain(`| \`${code}\` | ${text} |`);
  });
});

describe('docs/operations.md', () => {
  const rows = new Set([...read('docs/operations.md').matchAll(/^\| `([\w-]+)`/gm)].map((match) => match[1]));

  it('says what to do about every alarm of the corridor', () => {
    const alarms = Object.entries(EVENTS).filter(([, event]) => event.counter === 'alarms');
    expect(alarms.map(([name]) => name).filter((name) => !rows.has(name))).toEqual([]);
  });

  it('says what to do about every trouble of the settler', () => {
    const troubles = Object.entries(SETTLER_EVENTS).filter(([, { level }]) => level === 'error' || level === 'warn');
    expect(troubles.map(([name]) => name).filter((name) => !rows.has(name))).toEqual([]);
  });
});
