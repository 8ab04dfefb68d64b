/**
 * The lint rule for the import direction: a folder of src/ is a stage, and imports go only forward along the stages.
 *
 *     language -> machine -> kernels -> litmus -> explore -> timeline -> conform -> lanes -> app        (and cli)
 *
 * It looks at every way to name another file: import, export from, import(), import types, import.meta.glob, and the
 * `new URL('./x', import.meta.url)` of a worker.
 */
import { posix, relative, sep } from 'node:path';
import { root } from './dependencies.mjs';

const pipeline = ['language', 'machine', 'kernels', 'litmus', 'explore', 'timeline', 'conform'];

/** What each folder may import beside itself. Its packages: any but those that need a page, unless listed here. */
export const stages = {
  ...Object.fromEntries(pipeline.map((name, i) => [name, { folders: pipeline.slice(0, i), packages: [] }])),
  lanes: { folders: ['timeline'], packages: ['d3'] },
  app: {
    folders: [...pipeline, 'lanes'],
    packages: ['@base-ui', '@codemirror', 'd3', 'idb-keyval', 'react', 'react-dom', 'zustand'],
  },
  cli: { folders: pipeline, packages: [], node: true },
};

const pagePackages = ['@base-ui', '@codemirror', 'd3', 'idb-keyval', 'react', 'react-dom', 'zustand'];

/**
 * @typedef {{ folders: string[], packages: string[], node?: boolean }} Stage
 * @typedef {{ from: string, to: string, why: string }} Debt both are files, as `src/machine/x.ts`
 */

/**
 * Why `file` may not import `specifier`, or undefined when it may. Paths are relative to the root, with forward slashes.
 * @param {string} file
 * @param {string} specifier
 * @param {Debt[]} debts
 */
export function complaint(file, specifier, debts = []) {
  const folder = /^src\/([^/]+)\//.exec(file)?.[1];
  if (folder === undefined) return undefined;
  const stage = /** @type {Record<string, Stage>} */ (stages)[folder];
  if (!stage) return `src/${folder} is not a stage; give it a place in scripts/direction.mjs.`;

  const target = specifier.replace(/\?.*$/, '');
  if (target.startsWith('.') || target.startsWith('/')) {
    const path = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(file), target);
    if (debts.some((debt) => debt.from === file && sameModule(debt.to, path))) return undefined;
    const other = /^src\/([^/]+)/.exec(path)?.[1];
    if (other === undefined) return `src/${folder} may not import ${path}: only what is in src.`;
    if (other === folder || stage.folders.includes(other)) return undefined;
    const allowed = stage.folders.length > 0 ? stage.folders.join(', ') : 'no other folder';
    return `src/${folder} may not import src/${other}: imports go only forward. ${folder} may import: ${allowed}.`;
  }

  // what only tests import runs where they run
  const isTest = /\.test\.tsx?$|\/testing\//.test(file);
  if (target.startsWith('node:') && !stage.node && !isTest) {
    return `src/${folder} may not import ${target}: it runs in a browser too.`;
  }
  const name = target.split('/')[0];
  if (name !== undefined && pagePackages.includes(name) && !stage.packages.includes(name)) {
    return `src/${folder} may not import ${name}: ${folder === 'lanes' ? 'lanes draws without it' : 'it runs without a page'}.`;
  }
  return undefined;
}

/**
 * A specifier may leave the extension out.
 * @param {string} file
 * @param {string} path
 */
function sameModule(file, path) {
  return file === path || file.replace(/\.tsx?$/, '') === path.replace(/\.[jt]sx?$/, '');
}

/**
 * @param {any} node
 * @returns {node is { type: 'MetaProperty' }}
 */
function isImportMeta(node) {
  return node?.type === 'MetaProperty' && node.meta.name === 'import';
}

/** @type {import('eslint').Rule.RuleModule} */
export const rule = {
  meta: { type: 'problem', schema: [{ type: 'array' }] },
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    const debts = /** @type {Debt[]} */ (context.options[0] ?? []);

    /** @param {any} node a string literal, or anything else, which is ignored */
    function check(node) {
      const text = node?.type === 'TemplateLiteral' ? node.quasis[0].value.cooked : node?.value;
      if (typeof text !== 'string') return;
      const message = complaint(file, text, debts);
      if (message !== undefined) context.report({ node, message });
    }

    /** @param {any} node */
    const checkSource = (node) => check(node.source);
    return {
      ImportDeclaration: checkSource,
      ExportNamedDeclaration: checkSource,
      ExportAllDeclaration: checkSource,
      ImportExpression: checkSource,
      /** @param {any} node */
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
      /** @param {any} node */
      NewExpression(node) {
        const [path, base] = node.arguments;
        if (node.callee.name === 'URL' && base?.type === 'MemberExpression' && isImportMeta(base.object)) check(path);
      },
      /** @param {any} node */
      CallExpression(node) {
        if (node.callee.type !== 'MemberExpression' || !isImportMeta(node.callee.object)) return;
        if (node.callee.property.name !== 'glob') return;
        const [first] = node.arguments;
        const patterns = first?.type === 'ArrayExpression' ? first.elements : [first];
        for (const pattern of patterns) if (!String(pattern?.value).startsWith('!')) check(pattern);
      },
    };
  },
};
