/**
 * The order of suites for jest. The model takes minutes of one core, so it begins at once and the suites that need nothing else run beside
 * it; those that start rooms as processes come when it is done, or each would make the other late.
 */
const STEPS = [
  /\/test\/model\//,
  /^(?!.*\/test\/(contract|integration|e2e)\/)/,
  /\/test\/contract\//,
  /\/test\/integration\//,
  /\/test\/e2e\//,
];

const stepOf = ({ path }) => STEPS.findIndex((step) => step.test(path));

export default class LongFirst {
  sort(tests) {
    return [...tests].sort((a, b) => stepOf(a) - stepOf(b) || (a.path < b.path ? -1 : 1));
  }

  shard(tests) {
    return tests;
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {}
}
