/**
 * What every browser test starts from, instead of '@playwright/test'. A test fails when the page logs an error, throws,
 * or asks for anything that is not its own: the page needs no network.
 *
 * A test that provokes such a thing takes the list, checks it and empties it:
 *
 *     test('...', async ({ page, problems }) => {
 *       ...
 *       expect(problems.splice(0)).toEqual([...]);
 *     });
 */
import { expect, test as base } from '@playwright/test';

export { expect };

export const test = base.extend<{ problems: string[] }>({
  problems: [
    async ({ context, baseURL }, use) => {
      const problems: string[] = [];
      context.on('console', (message) => {
        if (message.type() === 'error') problems.push(`console: ${message.text()}`);
      });
      context.on('weberror', (event) => problems.push(`error: ${event.error().stack ?? event.error().message}`));

      const home = new URL(baseURL ?? 'http://localhost/').origin;
      // What is made in the page itself (data:, blob:) and a page opened from a file never comes here or is harmless.
      const elsewhere = (url: URL) => /^(https?|wss?):$/.test(url.protocol) && url.origin !== home;
      await context.route(elsewhere, async (route) => {
        problems.push(`request to elsewhere: ${route.request().url()}`);
        await route.abort();
      });
      await context.routeWebSocket(/.*/, async (socket) => {
        problems.push(`socket: ${socket.url()}`);
        await socket.close();
      });

      await use(problems);
      expect(problems, 'errors in the page and requests to elsewhere').toEqual([]);
    },
    { auto: true },
  ],
});
