/**
 * Serves the built page.
 *
 *     node scripts/serve.mjs [--build] [--port N] [--host [ADDRESS]]
 *
 * --build builds it first. --port 0 takes any free port; a taken one gives way to the next free one. --host serves to
 * other machines too (without an address: on all of this one's).
 */
import { parseArgs } from 'node:util';
import { build, preview } from 'vite';
import { root } from './dependencies.mjs';

const args = process.argv.slice(2);
// parseArgs knows no option with an optional value.
const bare = args.findIndex((arg, i) => arg === '--host' && (args[i + 1] ?? '-').startsWith('-'));
if (bare !== -1) args[bare] = '--host=0.0.0.0';
const { values } = parseArgs({
  args,
  options: { build: { type: 'boolean' }, port: { type: 'string', default: '4173' }, host: { type: 'string' } },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`--port: expected a number from 0 to 65535, got "${values.port}"`);
  process.exit(2);
}

if (values.build) await build({ root, logLevel: 'warn' });
const server = await preview({
  root,
  logLevel: 'warn',
  preview: { port, ...(values.host === undefined ? {} : { host: values.host }) },
});

const addresses = [...(server.resolvedUrls?.local ?? []), ...(server.resolvedUrls?.network ?? [])];
const address = server.httpServer.address();
if (port !== 0 && address && typeof address === 'object' && address.port !== port) {
  console.log(`Port ${port} is in use, so this takes ${address.port}.`);
}
console.log(`Hotlanes is at ${addresses.join(' and ')} (Ctrl+C stops it)`);
