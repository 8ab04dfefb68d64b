import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { complaint, rule } from './direction.mjs';
import { root } from './dependencies.mjs';

/** What the rule says about a file with this text. */
function lint(filename: string, code: string, debts: unknown[] = []): string[] {
  const config = {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser: tseslint.parser as Linter.Parser },
    plugins: { hotlanes: { rules: { direction: rule } } },
    rules: { 'hotlanes/direction': ['error', debts] as Linter.RuleEntry },
  };
  return new Linter({ cwd: root }).verify(code, [config], { filename }).map(({ message }) => message);
}

describe('the import direction', () => {
  test('a backward import is reported, with what is allowed instead', () => {
    expect(lint('src/machine/step.ts', `import { eras } from '../kernels/eras.ts';`)).toEqual([
      'src/machine may not import src/kernels: imports go only forward. machine may import: language.',
    ]);
    expect(lint('src/language/ast.ts', `import '../machine/step.ts';`)).toEqual([
      'src/language may not import src/machine: imports go only forward. language may import: no other folder.',
    ]);
  });

  test.each([
    ['import type', `import type { A } from '../app/a.ts';`],
    ['export from', `export { a } from '../app/a.ts';`],
    ['export all', `export * from '../app/a.ts';`],
    ['import()', `void import('../app/a.ts');`],
    ['a type import inside a type', `type A = import('../app/a.ts').A;`],
    ['a worker', `new Worker(new URL('../app/a.ts', import.meta.url), { type: 'module' });`],
    ['a worker by query', `import A from '../app/a.ts?worker';`],
    ['a glob', `import.meta.glob('../app/*.ts');`],
    ['a glob from the root', `import.meta.glob(['./*.ts', '/src/app/*.ts']);`],
    ['a template', 'void import(`../app/${name}.ts`);'],
  ])('%s counts as an import', (_, code) => {
    expect(lint('src/timeline/x.ts', code)).toHaveLength(1);
  });

  test('forward imports, the own folder and packages are fine', () => {
    const code = `
      import { a } from '../language/a.ts';
      import { b } from './deep/b.ts';
      import { gunzipSync } from 'fflate';
      import text from './x.kern?raw';
      const url = new URL('https://example.org/');
      const texts = import.meta.glob(['./**/*.kern', '!../app/x.kern']);
    `;
    expect(lint('src/timeline/x.ts', code)).toEqual([]);
    expect(
      lint('src/timeline/deep/x.ts', `import { a } from '../a.ts'; import { b } from '../../conform/b.ts';`),
    ).toHaveLength(1);
  });

  // A row imports; the columns are whom, in the order of the rows.
  test('who may import whom', () => {
    const order = ['language', 'machine', 'kernels', 'litmus', 'explore', 'timeline', 'conform', 'lanes', 'app', 'cli'];
    const table = order.map((from) => {
      const cells = order.map((to) => (complaint(`src/${from}/a.ts`, `../${to}/b.ts`) === undefined ? 'x' : '.'));
      return `${from.padEnd(8)} ${cells.join('')}`;
    });
    expect(table).toEqual([
      'language x.........',
      'machine  xx........',
      'kernels  xxx.......',
      'litmus   xxxx......',
      'explore  xxxxx.....',
      'timeline xxxxxx....',
      'conform  xxxxxxx...',
      'lanes    .....x.x..',
      'app      xxxxxxxxx.',
      'cli      xxxxxxx..x',
    ]);
  });

  test('packages that need a page, and node, stay where they belong', () => {
    expect(complaint('src/explore/a.ts', 'react')).toContain('may not import react');
    expect(complaint('src/lanes/a.ts', 'react-dom/client')).toContain('may not import react-dom');
    expect(complaint('src/lanes/a.ts', 'd3')).toBeUndefined();
    expect(complaint('src/app/a.tsx', 'zustand')).toBeUndefined();
    expect(complaint('src/timeline/a.ts', 'node:fs')).toContain('runs in a browser too');
    expect(complaint('src/timeline/a.test.ts', 'node:fs')).toBeUndefined();
    expect(complaint('src/cli/a.ts', 'node:fs')).toBeUndefined();
  });

  test('nothing in src imports from outside it, and every folder has its place', () => {
    expect(complaint('src/app/a.ts', '../../e2e/fixtures.ts')).toContain('only what is in src');
    expect(complaint('src/utils/a.ts', './b.ts')).toContain('src/utils is not a stage');
    expect(complaint('e2e/a.ts', '../src/app/a.ts')).toBeUndefined();
  });

  test('a debt that is named is let through, and only that one', () => {
    const debts = [{ from: 'src/machine/a.ts', to: 'src/kernels/b.ts', why: 'for the test' }];
    expect(lint('src/machine/a.ts', `import '../kernels/b.ts';`, debts)).toEqual([]);
    expect(lint('src/machine/a.ts', `import '../kernels/c.ts';`, debts)).toHaveLength(1);
    expect(lint('src/machine/c.ts', `import '../kernels/b.ts';`, debts)).toHaveLength(1);
  });

  test('the project itself is linted by it', async () => {
    const config = (await new ESLint({ cwd: root }).calculateConfigForFile('src/machine/x.ts')) as Linter.Config;
    expect(config.rules?.['hotlanes/direction']).toMatchObject([2, expect.any(Array)]);
  });
});
