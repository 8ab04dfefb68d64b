import { describe, expect, test } from 'vitest';
import { fromExit, fromPlaywright, fromVitest, lastLine, sum } from './counts.mjs';
import { satisfies } from './dependencies.mjs';

test.each([
  ['20.19.0', true],
  ['20.18.3', false],
  ['20.20.2', true],
  ['18.20.0', false],
  ['21.7.0', false],
  ['22.13.0', true],
  ['22.12.9', false],
  ['24.0.0', true],
  ['31.2.1', true],
])('Node %s is enough: %s', (version, enough) => {
  expect(satisfies(version, '^20.19.0 || ^22.13.0 || >=24.0.0')).toBe(enough);
});

test('a range that the set-up cannot read is an error, not a guess', () => {
  expect(() => satisfies('20.19.0', '20.x')).toThrow('cannot read "20.x"');
});

describe('the closing line of npm test', () => {
  const vitest = { numPassedTests: 10, numFailedTests: 0, numPendingTests: 1, numTodoTests: 1 };
  const playwright = { stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 0 } };

  test('adds all runners up', () => {
    const total = sum([fromExit(0), fromExit(1), fromVitest(vitest, 0), fromPlaywright(playwright, 1)]);
    expect(lastLine(total)).toBe('15 passed, 2 failed, 2 skipped');
    expect(lastLine(sum([fromExit(0)]))).toBe('1 passed, 0 failed');
  });

  test('a bad exit that no test accounts for is a failure', () => {
    expect(fromVitest(vitest, 1)).toEqual({ passed: 10, failed: 1, skipped: 2 });
    expect(fromVitest(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(fromPlaywright(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  test('no test that ran is a failure', () => {
    expect(fromVitest({ ...vitest, numPassedTests: 0 }, 0).failed).toBe(1);
    expect(fromPlaywright({ stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 4 } }, 0).failed).toBe(1);
  });
});
