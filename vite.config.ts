import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// SharedArrayBuffer exists only on a page that is isolated in this way. The page must work without it too (from a file,
// or from a host that cannot set headers), so this is a matter of speed, not of function.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  base: './', // so that the built files work from any sub-path
  plugins: [react()],
  resolve: { alias: { 'd3-transition': fileURLToPath(new URL('src/lanes/no-transition.ts', import.meta.url)) } },
  worker: { format: 'es' },
  server: { headers: isolation },
  preview: { headers: isolation },
});
