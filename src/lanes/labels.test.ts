import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ruler, Taken } from './labels';

const ruler = new Ruler((text) => text.length * 6);

describe('fitting a label', () => {
  it.each([
    ['off: enable failed -EIO, swallowed', 400, 'off: enable failed -EIO, swallowed'],
    ['off: enable failed -EIO, swallowed', 150, 'off: enable failed -EIO…'],
    ['off: enable failed -EIO, swallowed', 100, 'off: enable…'],
    ['off: enable failed -EIO, swallowed', 20, ''],
    ['kvm_arch_hardware_enable', 80, 'kvm_arch…'],
    ['swapper', 30, ''],
    ['', 100, ''],
  ])('%j in %i px is %j', (text, room, fitting) => {
    expect(ruler.fit(text, 'f', room)).toBe(fitting);
  });

  it('is whole, or a shorter beginning that ends at a word and an ellipsis, or nothing; never too wide', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z_]{1,9}$/), { maxLength: 7 }), fc.nat(400), (words, room) => {
        const text = words.join(' ');
        const fitting = ruler.fit(text, 'f', room);
        expect(fitting.length * 6).toBeLessThanOrEqual(Math.max(room, 0));
        if (fitting !== '' && fitting !== text) {
          expect(fitting.endsWith('…')).toBe(true);
          expect(text.startsWith(fitting.slice(0, -1))).toBe(true);
          expect(text[fitting.length - 1]).toMatch(/[ _]/);
        }
      }),
    );
  });

  it('clips within a word only where there must be a name', () => {
    expect(ruler.clip('vm0.vcpu0', 'f', 40)).toBe('vm0.v…');
    expect(ruler.clip('vm0.vcpu0', 'f', 400)).toBe('vm0.vcpu0');
  });

  it('measures each text once per face', () => {
    let measured = 0;
    const counting = new Ruler((text) => {
      measured++;
      return text.length;
    });
    for (let i = 0; i < 5; i++) counting.width('same', 'f');
    counting.width('same', 'g');
    expect(measured).toBe(2);
  });
});

describe('room beside marks', () => {
  it('is the first gap that is wide enough, else the widest; never over a mark', () => {
    const span = fc.tuple(fc.nat(100), fc.nat(20)).map(([a, w]) => [a, a + w + 1] as const);
    fc.assert(
      fc.property(
        fc.array(span, { maxLength: 8 }),
        fc.nat(50),
        fc.nat(60),
        fc.nat(60),
        (spans, from, width, wanted) => {
          const taken = new Taken();
          for (const [a, b] of spans) taken.add(a, b);
          const [a, b] = taken.gap(from, from + width, wanted);
          expect(a).toBeGreaterThanOrEqual(from);
          expect(b).toBeLessThanOrEqual(from + width);
          if (b > a) expect(taken.free(a, b)).toBe(true);
          let widest = 0;
          let at = from;
          for (let x = from; x <= from + width; x++) {
            if (x === from + width || !taken.free(x, x + 1)) {
              widest = Math.max(widest, x - at);
              at = x + 1;
            }
          }
          expect(b - a).toBeGreaterThanOrEqual(Math.min(wanted, widest));
        },
      ),
    );
  });
});
