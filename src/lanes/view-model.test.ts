import { beforeEach, describe, expect, it } from 'vitest';
import { Ruler } from './labels';
import type { Item } from './scene';
import { measure } from './testing/recorder';
import { drawn } from './testing/text-timeline';
import { LanesModel } from './view-model';
import type { LanesOptions } from './view-types';

/** The model without a page. */
class Bare extends LanesModel {
  protected readonly ruler = new Ruler(measure);
  readonly said: (Item | null)[] = [];
  changes = 0;

  constructor(options: LanesOptions = {}) {
    super(options);
    this.resize(800, 200);
  }
  protected changed(): void {
    this.changes++;
  }
  protected selected(item: Item | null): void {
    this.said.push(item);
  }
  resize(width: number, height: number): void {
    this.resizeTo(width, height, 1);
  }
  get now() {
    return this.scene();
  }
}

const text = `
  CPU 0        | ready......................... |
  CPU 0 runs   |   kern....     user...         |
  CPU 1        | ready......................... |
  CPU 2        | ready......................... |
  CPU 3        | ready......................... |
  CPU 4        | present....prep.start.fail.... |
  CPU 4 virt   |            off..fail.......... |
  vm0.vcpu0    |    guest(in guest)..oops...... |
  lock kvm     |    kern..                      |
`;
const cpu4 = 5;

let view: Bare;
beforeEach(() => {
  view = new Bare();
  view.setTimeline(drawn(text));
});

describe('a timeline that is set', () => {
  it('is shown whole, from the top, with the header wide enough for its names', () => {
    const { scale, scrollTop } = view.now;
    expect(scale.x(0)).toBeGreaterThanOrEqual(scale.left);
    expect(scale.x(30)).toBeLessThanOrEqual(scale.right);
    expect(scrollTop).toBe(0);
    expect(scale.left).toBeGreaterThanOrEqual('vm0.vcpu0'.length * 6);
  });

  it('again, with the view kept: the stretch, the scroll and the folds stay, though track ids have changed', () => {
    view.setFolded(cpu4, false);
    view.setInterest([cpu4]);
    view.zoomBy(3, 500);
    view.scrollBy(90);
    const before = view.now;
    const other = drawn('CPU 9 | ready......................... |\n' + text);
    view.setTimeline(other, { keepView: true });
    expect(view.isFolded(cpu4 + 1)).toBe(false);
    expect(view.isFolded(cpu4)).toBe(true);
    expect([...view.now.interest]).toEqual([cpu4 + 1]);
    expect(view.now.scale.start).toBeCloseTo(before.scale.start);
    expect(view.now.scrollTop).toBe(90);
    view.setTimeline(other);
    expect(view.now.scrollTop).toBe(0);
    expect(view.now.scale.start).toBeLessThan(0);
  });

  it('whose whole was in view is in view as a whole when it has grown', () => {
    view.setTimeline(drawn(text.replace('fail.... ', `fail....${'.'.repeat(100)} `)), { keepView: true });
    expect(view.now.scale.end).toBeGreaterThan(110);
  });
});

describe('moving', () => {
  it('stays within the content', () => {
    expect(view.scrollBy(-50)).toBe(false);
    expect(view.scrollBy(1e6)).toBe(true);
    const { layout, scrollTop, height, axisHeight } = view.now;
    expect(scrollTop).toBe(layout.height - (height - axisHeight));
    view.resize(800, 2000);
    expect(view.now.scrollTop).toBe(0);
  });

  it('makes room for the scrollbar only where it is needed', () => {
    expect(view.now.scale.right).toBe(788);
    view.resize(800, 2000);
    expect(view.now.scale.right).toBe(800);
  });

  it('follows the playhead when it is asked to', () => {
    view.zoomBy(8, 200);
    view.setPlayhead(29);
    expect(view.now.scale.x(29)).toBeGreaterThan(view.now.scale.right);
    view.setPlayhead(29, { follow: true });
    expect(view.now.scale.x(29)).toBeLessThan(view.now.scale.right);
  });

  it('shows a stretch, a thing, everything', () => {
    view.setRange(10, 20);
    expect(view.now.scale.x(10)).toBeCloseTo(view.now.scale.left, 6);
    view.setSelection({ kind: 'slice', index: 1 });
    view.fitSelection();
    expect(view.now.scale.ordinals()[0]).toBeLessThanOrEqual(2);
    expect(view.now.scale.ordinals()[1]).toBeLessThan(14);
    view.fit();
    expect(view.now.scale.ordinals()).toEqual([0, 30]);
  });
});

describe('the selection by key', () => {
  it('begins on the first lane at the playhead, tells the page, and brings what it chose into view', () => {
    view.setPlayhead(4);
    view.selectDown();
    expect(view.said).toEqual([{ kind: 'slice', index: 0 }]);
    for (let i = 0; i < 6; i++) view.selectDown();
    expect(view.now.scrollTop).toBeGreaterThan(0);
    expect(view.said.length).toBe(7);
    const row = view.now.layout.rows.find((r) => r.title === 'vm0.vcpu0')!;
    expect(row.y + row.height).toBeLessThanOrEqual(view.now.scrollTop + 200 - 26);
  });

  it('clears with a new timeline, whose slices are others', () => {
    view.setSelection({ kind: 'slice', index: 3 });
    view.setTimeline(drawn(text), { keepView: true });
    expect(view.selection).toBeNull();
  });
});

describe('lanes on request', () => {
  it('locks come and go', () => {
    const titles = () => view.now.layout.rows.map((r) => r.title);
    expect(titles()).not.toContain('kvm');
    view.setShown('lock', true);
    expect(titles()).toContain('kvm');
  });
});
