/** One configuration for every suite: TypeScript through swc, native ES modules, no name mapper. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.ddc/'],
  // Every suite is a context of its own, and what workers keep of them makes garbage collection three times as slow.
  workerIdleMemoryLimit: '700MB',
  testTimeout: 30_000,
};
