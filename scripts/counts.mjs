/**
 * What the stages of `npm test` came to, each in its runner's own terms, as one kind of count.
 *
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/**
 * A stage that passes or fails as a whole.
 * @param {number} exit
 * @returns {Counts}
 */
export function fromExit(exit) {
  return exit === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/**
 * No silent success: no test that ran, or a bad exit that no test accounts for (a file that does not load, an unhandled
 * rejection, a server that did not start), is a failure.
 * @param {Counts} counts
 * @param {number} exit
 * @returns {Counts}
 */
function honest(counts, exit) {
  const ran = counts.passed + counts.failed;
  return counts.failed === 0 && (ran === 0 || exit !== 0) ? { ...counts, failed: 1 } : counts;
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number } | undefined} report
 * @param {number} exit
 * @returns {Counts}
 */
export function fromVitest(report, exit) {
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  return honest({ passed, failed, skipped }, exit);
}

/**
 * A flaky test passed in the end, and counts so; Playwright's own output names it.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } } | undefined} report
 * @param {number} exit
 * @returns {Counts}
 */
export function fromPlaywright(report, exit) {
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = report?.stats ?? {};
  return honest({ passed: expected + flaky, failed: unexpected, skipped }, exit);
}

/**
 * @param {Counts[]} all
 * @returns {Counts}
 */
export function sum(all) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const one of all) {
    total.passed += one.passed;
    total.failed += one.failed;
    total.skipped += one.skipped;
  }
  return total;
}

/** @param {Counts} counts */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
