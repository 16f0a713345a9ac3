import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from '../../stack/root.mjs';

const CONNECT = 'examples/connect';
const SPARK = 'examples/spark';
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const namesIn = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder)).filter((name) => name.endsWith(ending));
const matches = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found]) => found as string)),
];

/** Of a Java properties file, as its last line of that name says. */
function properties(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

describe('configurations of Kafka Connect', () => {
  const files = namesIn(CONNECT, '.properties');

  it('the README says every variable that they name, and no other', () => {
    const named = files.flatMap((file) => matches(read(CONNECT, file), /\$\{env:([A-Z_]+)\}/g));
    const said = matches(read(CONNECT, 'README.md'), /(?:export |^export .* )([A-Z_]+)=/gm);
    const more = matches(read(CONNECT, 'README.md'), / (JDBC_[A-Z]+)=/g);
    const only = new Set([...said, ...more].filter((name) => name !== 'SCHEMA_REGISTRY_URL'));
    expect([...new Set(named)].sort()).toEqual([...only].sort());
  });

  it('read what is committed, from the beginning', () => {
    const worker = properties(read(CONNECT, 'worker.properties'));
    expect(worker.get('consumer.isolation.level')).toBe('read_committed');
    expect(worker.get('consumer.auto.offset.reset')).toBe('earliest');
  });

  it.each(files.filter((file) => file !== 'worker.properties'))('%s says all of each transformation', (file) => {
    const said = properties(read(CONNECT, file));
    const chain = said.get('transforms')?.split(',') ?? [];
    expect(chain.filter((name) => !said.has(`transforms.${name}.type`))).toEqual([]);
    const configured = matches([...said.keys()].join('\n'), /^transforms\.(\w+)\./gm);
    expect(configured.sort()).toEqual([...chain].sort());
  });
});

describe('jars', () => {
  const poms = [
    ...readdirSync(join(root, CONNECT, 'jars')).map((name) => `${CONNECT}/jars/${name}/pom.xml`),
    `${SPARK}/pom.xml`,
  ];

  it.each(poms)('%s is XML, and its list has each jar that it names', (pom) => {
    const code = 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])';
    execFileSync('python3', ['-c', code, join(root, pom)]);
    const named = [...read(pom).matchAll(/<artifactId>([\w.-]+)<\/artifactId>\s*<version>([\w.-]+)<\/version>/g)]
      .map(([, artifact, version]) => `${artifact}-${version}.jar`)
      .filter((jar) => !jar.startsWith('ddc-') && !jar.startsWith('maven-'));
    const listed = matches(read(dirname(pom), 'jars.sha256'), /^[0-9a-f]{64} {2}(\S+)$/gm);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((jar) => !listed.includes(jar))).toEqual([]);
  });
});

describe('scripts of Spark', () => {
  const scripts = namesIn(SPARK, '.py');

  it('are Python', () => {
    const code = 'import ast, sys; [ast.parse(open(f).read(), f) for f in sys.argv[1:]]';
    execFileSync('python3', ['-c', code, ...scripts.map((script) => join(root, SPARK, script))]);
  });

  it.each([`${SPARK}/README.md`, `${CONNECT}/README.md`])('%s calls them with what they take', (page) => {
    const calls = [
      ...read(page)
        .replaceAll('\\\n', ' ')
        .matchAll(/^spark-submit .*?(\w+\.py)(.*)$/gm),
    ];
    expect(calls.length).toBeGreaterThan(0);
    for (const [, script = '', rest = ''] of calls) {
      expect(existsSync(join(root, SPARK, script))).toBe(true);
      const taken = matches(read(SPARK, script), /add_argument\("--([a-z]+)"/g);
      const needed = matches(read(SPARK, script), /add_argument\("--([a-z]+)", required=True/g);
      const given = matches(rest, / --([a-z]+)/g);
      expect(taken).toEqual(expect.arrayContaining(given));
      expect(given).toEqual(expect.arrayContaining(needed));
    }
  });
});
