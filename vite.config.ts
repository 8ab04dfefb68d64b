import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { bareTexts } from './scripts/bare-texts.mjs';
import { openingPicture } from './scripts/opening-picture.mjs';

// SharedArrayBuffer exists only on a page that is isolated in this way. The page must work without it too (from a file,
// or from a host that cannot set headers), so this is a matter of speed, not of function.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * d3-zoom names two packages for animated zooms, which the lanes do not have: 15 kB of easing, timers and colours in the first
 * load. It gets stand-ins for them; nobody else does.
 */
const standIns: Record<string, string> = {
  'd3-interpolate': fileURLToPath(new URL('src/lanes/no-interpolate.ts', import.meta.url)),
  'd3-transition': fileURLToPath(new URL('src/lanes/no-transition.ts', import.meta.url)),
};
const unanimated: Plugin = {
  name: 'unanimated',
  enforce: 'pre',
  resolveId: (source, importer) =>
    importer !== undefined && /[\\/]node_modules[\\/]d3-zoom[\\/]/.test(importer) ? standIns[source] : undefined,
};

export default defineConfig({
  base: './', // so that the built files work from any sub-path
  plugins: [react(), bareTexts(), openingPicture(), unanimated],
  worker: { format: 'es', plugins: () => [bareTexts()] },
  // What the opening picture needs is one file: in pieces it compresses worse, by 5 kB.
  build: { rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } } },
  server: { headers: isolation },
  preview: { headers: isolation },
});
