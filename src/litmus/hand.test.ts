import { describe, expect, it } from 'vitest';
import { gallery, galleryText } from './gallery';
import { addActs, handActs, hotAdd, momentText, roundMoment, startVm, withoutLater } from './hand';
import { load } from './load';

const KEVIN = galleryText('kevin-2021-11-30')!;
const EMPTY = 'litmus t\nkernel  v5.15\nmachine amd, cpus 2\n\nnever oops\n';

describe('a moment', () => {
  it('is the roundest that fits, and is written with its unit', () => {
    expect(roundMoment(812_301, 815_100)).toBe(815_000);
    expect(roundMoment(812_301, 814_100)).toBe(813_000);
    expect(roundMoment(812_301, 812_350)).toBe(812_350);
    expect(roundMoment(812_301, 812_301)).toBe(812_301);
    expect(roundMoment(0, 10)).toBe(0);
    expect(momentText(812_301)).toBe('812.301 us');
    expect(momentText(1_200_000)).toBe('1.2 ms');
    expect(momentText(0)).toBe('0 us');
  });
});

describe('acts by hand', () => {
  it('have an actor of their own, after the others, and go on in its column', () => {
    const one = addActs(KEVIN, ['offline cpu2'], 1_200_000);
    expect(one).toContain('        affine vm0.vcpu0 to cpu4\nyou:    offline cpu2 at 1.2 ms\nfault ');
    const two = addActs(one, ['online cpu2'], 1_500_000);
    expect(two).toContain('you:    offline cpu2 at 1.2 ms\n        online cpu2 at 1.5 ms\n');
    expect(handActs(two)).toEqual([
      { actor: 'you', text: 'offline cpu2', at: 1_200_000 },
      { actor: 'you', text: 'online cpu2', at: 1_500_000 },
    ]);
    expect(handActs(KEVIN)).toEqual([]);
    expect(withoutLater(two, 1_200_000)).toBe(one);
    expect(withoutLater(two, 1_000_000)).toBe(KEVIN);
    expect(withoutLater(two, 2_000_000)).toBe(two);
    expect(addActs(EMPTY, ['offline cpu1'], 0)).toBe(
      'litmus t\nkernel  v5.15\nmachine amd, cpus 2\n\nyou:    offline cpu1 at 0 us\n\nnever oops\n',
    );
  });

  it('that wait for ever do not hold up the next one', () => {
    const one = addActs(KEVIN, ['offline cpu2'], 1_000_000);
    const two = addActs(one, ['online cpu1'], 2_000_000, (actor) => actor === 'you');
    expect(two).toContain('you:    offline cpu2 at 1 ms\nyou2:   online cpu1 at 2 ms\n');
    expect(withoutLater(two, 1_000_000)).toBe(one);
  });

  it('keep their name when the first of them goes', () => {
    const text = `${EMPTY}\nyou:    offline cpu1 at 3 ms  # late\n        online cpu1 at 1 ms\n        # a remark\n`;
    expect(withoutLater(text, 2_000_000)).toBe(`${EMPTY}\nyou:    online cpu1 at 1 ms\n        # a remark\n`);
  });

  it('hot-add the next CPU, and start VMs with a module that fits', () => {
    expect(hotAdd(KEVIN)).toMatchObject({ actions: ['hotadd cpu5'] });
    expect(hotAdd(KEVIN).text).toContain('cpus 4 + 2 hot-addable');
    expect(hotAdd(KEVIN, 4)).toEqual({ text: KEVIN, actions: ['hotadd cpu4'] });
    expect(startVm(KEVIN, 'vm', true)).toEqual(['vm1 = create vm, 1 vcpu', 'run vm1']);
    expect(startVm(EMPTY, 'vm', false)).toEqual(['modprobe kvm_amd', 'vm0 = create vm, 1 vcpu', 'run vm0']);
    expect(startVm(KEVIN, 'td', false)).toEqual(['modprobe kvm_intel tdx=1', 'td0 = create td, 1 vcpu', 'run td0']);
  });
});

describe('every act on every text of the gallery', () => {
  const acts: Record<string, (text: string) => string> = {
    hotadd: (t) => addActs(hotAdd(t).text, hotAdd(t).actions, 700_000),
    offline: (t) => addActs(t, ['offline cpu1'], 700_000),
    arm: (t) => addActs(t, ['arm cpu0 workqueue:online returns -EIO'], 700_000),
    vm: (t) => addActs(t, startVm(t, 'vm', true), 700_000),
  };
  for (const { name, text } of gallery())
    for (const [act, change] of Object.entries(acts))
      it(`${name}: ${act}`, () => {
        const changed = change(text);
        expect(load(changed, 'litmus')).toMatchObject({ ok: true });
        const kept = text.split('\n').filter((l) => !l.startsWith('machine'));
        const lines = changed.split('\n');
        // All lines of before are there, in their order.
        let at = 0;
        for (const l of kept) {
          at = lines.indexOf(l, at) + 1;
          expect(at).toBeGreaterThan(0);
        }
        expect(withoutLater(changed, 600_000).split('\n')).toEqual(expect.arrayContaining(kept));
      });
});
