import { describe, expect, it } from 'vitest';
import { Look, type LookName } from '../timeline/columns';
import { contrast, loudness, lookOfLoudness, lookWords, rgbaWord, themes } from './palette';
import { tokensCss } from './tokens';

const names = Object.keys(Look) as LookName[];

describe.each(['light', 'dark'] as const)('the %s palette', (name) => {
  const theme = themes[name];

  it.each(names)('%s is readable on its fill, or on the plate that covers its hatch', (look) => {
    const style = theme.looks[Look[look]]!;
    const under = style.plate ?? (style.fill === '' ? theme.ground : style.fill);
    expect(contrast(style.ink, under)).toBeGreaterThanOrEqual(4.5);
    if (style.hatch) expect(style.plate, 'letters never stand on a hatch').toBeDefined();
  });

  it('has readable text on ground, panel, lit and selected rows', () => {
    for (const under of [theme.ground, theme.panel, theme.lit]) {
      for (const text of [theme.ink, theme.dim, theme.warn, theme.alarm, theme.accent]) {
        expect(contrast(text, under), `${text} on ${under}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(theme.dim, theme.selected)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme.accentInk, theme.accent)).toBeGreaterThanOrEqual(4.5);
    const oops = theme.looks[Look.oops]!;
    expect(contrast(oops.ink, oops.fill)).toBeGreaterThanOrEqual(4.5);
  });

  it('sets small marks off from the ground (3:1, as for any graphic that carries meaning)', () => {
    for (const colour of [theme.faint, theme.ipi, theme.migration, theme.alarm]) {
      expect(contrast(colour, theme.ground), colour).toBeGreaterThanOrEqual(3);
    }
  });

  it('tells a failure, a lie and a refusal apart by more than colour', () => {
    const { fail, lie, refused } = Look;
    expect(theme.looks[fail]!.hatch!.lean).not.toBe(theme.looks[lie]!.hatch!.lean);
    expect(theme.looks[refused]!.hatch).toBeDefined();
  });
});

describe('loudness', () => {
  it('gives every look its own rank, the oops the highest', () => {
    expect(new Set(loudness).size).toBe(names.length);
    for (const name of names) expect(lookOfLoudness[loudness[Look[name]]!]).toBe(Look[name]);
    const order = [Look.oops, Look.fail, Look.lie, Look.refused, Look.guest].map((l) => loudness[l]!);
    expect(order).toEqual([...order].sort((a, b) => b - a));
    expect(Math.max(...loudness)).toBe(loudness[Look.oops]);
  });

  it('has words for every look', () => {
    for (const name of names) expect(lookWords[Look[name]]).toMatch(/\S/);
  });
});

it('packs a colour as canvas image data wants it', () => {
  const word = new Uint32Array([rgbaWord('#0b62a8')]);
  expect([...new Uint8Array(word.buffer)]).toEqual([0x0b, 0x62, 0xa8, 0xff]);
  expect(rgbaWord('')).toBe(0);
});

it('the style sheet is the palette', async () => {
  await expect(tokensCss()).toMatchFileSnapshot('./tokens.css');
});
