/** The palette as CSS custom properties, so that the page and the canvas cannot drift apart. */
import { Look, type LookName } from '../timeline/columns';
import { fonts, themes, type Theme, type ThemeName } from './palette';

/** `--name: value` pairs of one theme. A look gives `--look-NAME`, `--look-NAME-ink` and, where it has them, -hatch, -plate, -border. */
export function themeProperties(name: ThemeName): ReadonlyMap<string, string> {
  const theme: Theme = themes[name];
  const out = new Map<string, string>();
  out.set('--ground', theme.ground);
  out.set('--panel', theme.panel);
  out.set('--line', theme.line);
  out.set('--ink', theme.ink);
  out.set('--dim', theme.dim);
  out.set('--faint', theme.faint);
  out.set('--accent', theme.accent);
  out.set('--accent-ink', theme.accentInk);
  out.set('--selected', theme.selected);
  out.set('--lit', theme.lit);
  out.set('--warn', theme.warn);
  out.set('--alarm', theme.alarm);
  out.set('--ipi', theme.ipi);
  out.set('--migration', theme.migration);
  for (const look of Object.keys(Look) as LookName[]) {
    const style = theme.looks[Look[look]]!;
    out.set(`--look-${look}`, style.fill === '' ? 'transparent' : style.fill);
    out.set(`--look-${look}-ink`, style.ink);
    if (style.hatch) out.set(`--look-${look}-hatch`, style.hatch.colour);
    if (style.plate) out.set(`--look-${look}-plate`, style.plate);
    if (style.border) out.set(`--look-${look}-border`, style.border);
  }
  return out;
}

function block(selector: string, name: ThemeName, indent: string): string {
  const lines = [...themeProperties(name)].map(([k, v]) => `${indent}  ${k}: ${v};`);
  return `${indent}${selector} {\n${indent}  color-scheme: ${name};\n${lines.join('\n')}\n${indent}}\n`;
}

/** The text of tokens.css: light by default, dark where the system asks for it, and `data-theme` on the root overrides both. */
export function tokensCss(): string {
  return [
    '/* Written from palette.ts by its test; change the palette and run the test with -u. */\n',
    `:root {\n  --font-text: ${fonts.text};\n  --font-mono: ${fonts.mono};\n}\n`,
    block(":root,\n:root[data-theme='light']", 'light', ''),
    `@media (prefers-color-scheme: dark) {\n${block(":root:not([data-theme='light'])", 'dark', '  ')}}\n`,
    block(":root[data-theme='dark']", 'dark', ''),
  ].join('\n');
}
