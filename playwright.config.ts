import { defineConfig, devices } from '@playwright/test';
import { findChromium } from './scripts/chromium.mjs';

const browser = await findChromium();
// The workers read this file too, and need not look again.
if (browser && !browser.own) process.env.CHROMIUM_PATH = browser.path;

const inCi = Boolean(process.env.CI);

export default defineConfig({
  testDir: 'e2e',
  fullyParallel: true,
  forbidOnly: inCi,
  retries: inCi ? 1 : 0,
  timeout: 60_000, // drawn in software, on a busy machine
  expect: { timeout: 15_000 },
  reporter: 'list',
  // The server takes a free port and says which; Playwright keeps it in the environment under the group's name.
  webServer: {
    command: 'node scripts/serve.mjs --port 0',
    wait: { stdout: /Hotlanes is at (?<hotlanes_url>http:\S+)/ },
  },
  use: {
    baseURL: process.env.HOTLANES_URL ?? 'http://localhost/',
    screenshot: 'only-on-failure',
    trace: 'off',
    launchOptions: {
      // No traffic of the browser's own, and no first-run pages.
      args: ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
      ...(browser && !browser.own ? { executablePath: browser.path } : {}),
    },
  },
  projects: [{ name: 'chromium', use: { ...devices['Desktop Chrome'] } }],
});
