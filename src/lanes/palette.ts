/**
 * The colours of the lanes and their meanings, one source for the canvas and for the page's style sheet.
 *
 * Colour is never the only carrier: what failed is hatched, what is absent is dashed, what crashed has a disc with "!".
 * Every fill and the ink on it are at least 4.5:1 apart (WCAG 2.2 AA); a test computes it.
 */
import { Look, Mark, type LookName } from '../timeline/columns';

export type ThemeName = 'light' | 'dark';

/** Diagonal lines over a fill: `rise` goes up to the right, `fall` down to the right. */
export interface Hatch {
  readonly colour: string;
  readonly lean: 'rise' | 'fall';
}

export interface LookStyle {
  /** '' draws no fill: only the border, or only the hatch. */
  readonly fill: string;
  readonly ink: string;
  readonly hatch?: Hatch;
  /** Under a label on a hatch, where lines would run through the letters; `ink` is then the ink on the plate. */
  readonly plate?: string;
  readonly border?: string;
}

export interface Theme {
  readonly name: ThemeName;
  readonly looks: readonly LookStyle[];
  readonly ground: string;
  readonly panel: string;
  readonly line: string;
  readonly ink: string;
  readonly dim: string;
  /** For lines and small marks only: too weak for text on the ground. */
  readonly faint: string;
  readonly accent: string;
  readonly accentInk: string;
  /** Behind what is selected or has just changed. */
  readonly selected: string;
  /** Behind the row of interest. */
  readonly lit: string;
  readonly warn: string;
  /** An oops in text, on ground or panel. */
  readonly alarm: string;
  readonly ipi: string;
  readonly migration: string;
}

const byLook = (styles: Record<LookName, LookStyle>): readonly LookStyle[] => {
  const list: LookStyle[] = [];
  for (const name of Object.keys(styles) as LookName[]) list[Look[name]] = styles[name];
  return list;
};

const light: Theme = {
  name: 'light',
  ground: '#fbfbfa',
  panel: '#ffffff',
  line: '#e3e3df',
  ink: '#1c2024',
  dim: '#5c646c',
  faint: '#6f7881',
  accent: '#0b62a8',
  accentInk: '#ffffff',
  selected: '#fff4cc',
  lit: '#fdf8ea',
  warn: '#8f4b00',
  alarm: '#c3342b',
  ipi: '#3f86bd',
  migration: '#1c2024',
  looks: byLook({
    off: { fill: '#eeeeeb', ink: '#5c646c' },
    prep: { fill: '#d9e2ef', ink: '#2c4a6e' },
    start: { fill: '#f6e3b4', ink: '#6b4e00' },
    onl: { fill: '#cfe6f7', ink: '#0b4a77' },
    ready: { fill: '#cdebdf', ink: '#0a5a41' },
    virt: { fill: '#7cc7a8', ink: '#073b2a' },
    fail: { fill: '#f2a65a', ink: '#5a2a00', hatch: { colour: '#7a3a00', lean: 'rise' }, plate: '#fdeedd' },
    lie: { fill: '#f2a65a', ink: '#5a2a00', hatch: { colour: '#7a3a00', lean: 'fall' }, plate: '#fdeedd' },
    guest: { fill: '#24785a', ink: '#ffffff' },
    kern: { fill: '#6ea3cf', ink: '#06243c' },
    user: { fill: '#b5d1ea', ink: '#0d3556' },
    kth: { fill: '#b7c0c9', ink: '#23303a' },
    irq: { fill: '#57626d', ink: '#ffffff' },
    wait: { fill: '#e4e8ec', ink: '#47515b' },
    oops: { fill: '#c3342b', ink: '#ffffff' },
    tdx: { fill: '#bca9e6', ink: '#2b1660' },
    refused: { fill: '#cbbcef', ink: '#2b1660', hatch: { colour: '#5b3aa6', lean: 'rise' }, plate: '#f1ebfd' },
    present: { fill: '', ink: '#5c646c', border: '#c9cac5' },
    value: { fill: '#e7e9ee', ink: '#2b333b' },
    unknown: { fill: '', ink: '#5c646c', hatch: { colour: '#d9dad5', lean: 'rise' }, plate: '#fbfbfa' },
  }),
};

const dark: Theme = {
  name: 'dark',
  ground: '#14171a',
  panel: '#1a1e22',
  line: '#2b3137',
  ink: '#e8eaec',
  dim: '#a3abb3',
  faint: '#868f98',
  accent: '#6fb7f2',
  accentInk: '#0a1620',
  selected: '#3a3413',
  lit: '#1f1c14',
  warn: '#e8a25c',
  alarm: '#e5554b',
  ipi: '#5a9fd6',
  migration: '#f4f5f6',
  looks: byLook({
    off: { fill: '#23282d', ink: '#a3abb3' },
    prep: { fill: '#26344a', ink: '#bcd0ea' },
    start: { fill: '#4a3a10', ink: '#f3d88b' },
    onl: { fill: '#143a56', ink: '#b5dcf8' },
    ready: { fill: '#12402f', ink: '#a9e4cb' },
    virt: { fill: '#2f7f60', ink: '#e3fff3' },
    fail: { fill: '#c77a2b', ink: '#ffd9ad', hatch: { colour: '#2a1300', lean: 'rise' }, plate: '#2b1a08' },
    lie: { fill: '#c77a2b', ink: '#ffd9ad', hatch: { colour: '#2a1300', lean: 'fall' }, plate: '#2b1a08' },
    guest: { fill: '#3fa87f', ink: '#04150e' },
    kern: { fill: '#3c6f9b', ink: '#eaf5ff' },
    user: { fill: '#2a4a68', ink: '#d6e8f9' },
    kth: { fill: '#4a545e', ink: '#dfe5ea' },
    irq: { fill: '#98a4b0', ink: '#10161c' },
    wait: { fill: '#2d343b', ink: '#b9c2cb' },
    oops: { fill: '#e5554b', ink: '#1b0200' },
    tdx: { fill: '#5d4c92', ink: '#f1ebff' },
    refused: { fill: '#8f7bd0', ink: '#e0d4ff', hatch: { colour: '#160a30', lean: 'rise' }, plate: '#1f1636' },
    present: { fill: '', ink: '#a3abb3', border: '#3d444b' },
    value: { fill: '#2a3038', ink: '#d5dbe1' },
    unknown: { fill: '', ink: '#a3abb3', hatch: { colour: '#2d343a', lean: 'rise' }, plate: '#14171a' },
  }),
};

export const themes: Readonly<Record<ThemeName, Theme>> = { light, dark };

/** How a look is said in words, for a tooltip, a table, a screen reader. */
export const lookWords: readonly string[] = (() => {
  const words: Record<LookName, string> = {
    off: 'offline or idle',
    prep: 'PREPARE section',
    start: 'STARTING section',
    onl: 'ONLINE section',
    ready: 'online and active',
    virt: 'virtualization on',
    fail: 'failed',
    lie: 'reported success, left off',
    guest: 'in guest',
    kern: 'in the kernel',
    user: 'in user space',
    kth: 'kernel thread or between CPUs',
    irq: 'interrupt handler',
    wait: 'waiting',
    oops: 'BUG, dead',
    tdx: 'TDX initialised',
    refused: 'refused',
    present: 'present, not online',
    unknown: 'unknown',
    value: 'value',
  };
  const list: string[] = [];
  for (const name of Object.keys(words) as LookName[]) list[Look[name]] = words[name];
  return list;
})();

/** How a mark is said in words, by `Mark`. */
export const markWords: readonly string[] = (() => {
  const list: string[] = [];
  list[Mark.oops] = 'oops';
  list[Mark.failure] = 'failure';
  list[Mark.warning] = 'warning';
  list[Mark.log] = 'log line';
  list[Mark.syscall] = 'userspace saw';
  list[Mark.event] = 'event';
  list[Mark.differs] = 'differs';
  list[Mark.note] = 'note';
  return list;
})();

/** Quietest first. Where several slices share a pixel the loudest is what shows. */
const quietToLoud: readonly LookName[] = [
  'off',
  'value',
  'unknown',
  'present',
  'wait',
  'ready',
  'kth',
  'user',
  'prep',
  'onl',
  'kern',
  'tdx',
  'virt',
  'irq',
  'start',
  'guest',
  'refused',
  'lie',
  'fail',
  'oops',
];

/** Loudness 1..20 by look; 0 is kept for "nothing here". */
export const loudness: Uint8Array = (() => {
  const table = new Uint8Array(quietToLoud.length);
  quietToLoud.forEach((name, i) => {
    table[Look[name]] = i + 1;
  });
  return table;
})();

/** The look that has this loudness; the inverse of `loudness`. */
export const lookOfLoudness: Uint8Array = (() => {
  const table = new Uint8Array(quietToLoud.length + 1);
  quietToLoud.forEach((name, i) => {
    table[i + 1] = Look[name];
  });
  return table;
})();

/** From this loudness on a slice is never thinner than a few pixels, however far out the view is. */
export const loudFrom = loudness[Look.refused] as number;

/** '#rrggbb' as one little-endian RGBA word, as canvas image data wants it. '' is fully transparent. */
export function rgbaWord(hex: string): number {
  if (hex === '') return 0;
  const n = parseInt(hex.slice(1), 16);
  return ((0xff << 24) | ((n & 0xff) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
}

function channel(v: number): number {
  const c = v / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** WCAG relative luminance of '#rrggbb', 0..1. */
export function luminance(hex: string): number {
  const n = parseInt(hex.slice(1), 16);
  return 0.2126 * channel(n >> 16) + 0.7152 * channel((n >> 8) & 0xff) + 0.0722 * channel(n & 0xff);
}

/** WCAG contrast ratio of two '#rrggbb' colours, 1..21. */
export function contrast(a: string, b: string): number {
  const la = luminance(a);
  const lb = luminance(b);
  return (Math.max(la, lb) + 0.05) / (Math.min(la, lb) + 0.05);
}

/** Type of the lanes; the page may use the same. Sizes are CSS pixels. */
export const fonts = {
  text: `system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif`,
  mono: `ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace`,
} as const;
