import { defineConfig } from 'vitest/config';
import { bareTexts } from './scripts/bare-texts.mjs';

export default defineConfig({
  plugins: [bareTexts()],
  test: {
    environment: 'node', // everything up to the timeline runs without a DOM; what needs one is tested in a browser, in e2e/
    include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
    setupFiles: ['./vitest.setup.ts'],
    testTimeout: 30_000, // property tests on a busy machine
  },
});
