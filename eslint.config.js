import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { rule as direction } from './scripts/direction.mjs';

/**
 * Imports that go backwards and are to be mended, one by one: `{ from: 'src/a/x.ts', to: 'src/b/y.ts', why: '...' }`.
 * @type {import('./scripts/direction.mjs').Debt[]}
 */
const debts = [];

/** The folders that run without a page: in Node, in a worker, in a test. */
const withoutPage = ['language', 'machine', 'kernels', 'litmus', 'explore', 'timeline', 'conform', 'cli'];

const pageGlobals = [
  ...['window', 'document', 'localStorage', 'sessionStorage', 'history', 'matchMedia', 'getComputedStyle', 'alert'],
  ...['requestAnimationFrame', 'cancelAnimationFrame', 'DOMParser', 'XMLHttpRequest', 'ResizeObserver'],
  ...['Element', 'HTMLElement', 'HTMLCanvasElement', 'CanvasRenderingContext2D'],
];

export default defineConfig(
  globalIgnores(['dist/', 'dist-*/', 'test-results/', 'playwright-report/', 'public/']),
  tseslint.configs.recommended,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Nothing that users type, paste or open may ever run as code.
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'no-fallthrough': 'off', // the compiler's own check knows about `never`
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-loss-of-precision': 'error',
      'object-shorthand': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // With types: a promise that nobody waits for loses its error.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    plugins: { hotlanes: { rules: { direction } } },
    rules: { 'hotlanes/direction': ['error', debts] },
  },
  {
    files: withoutPage.map((folder) => `src/${folder}/**/*.{ts,tsx}`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...pageGlobals.map((name) => ({
          name,
          message: 'This folder runs without a page: in Node, in a worker, in a test.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'A run must be repeatable: draw from a seed.' },
      ],
    },
  },
  { files: ['src/app/**/*.{ts,tsx}'], extends: [hooks.configs.flat['recommended-latest']] },
  { files: ['scripts/**', 'bench/**', 'e2e/**'], rules: { 'no-console': 'off' } },
);
