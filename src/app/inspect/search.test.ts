import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { TimelineBuilder } from '../../timeline/builder';
import { Look, Mark, type Timeline } from '../../timeline/columns';
import { HitKind, type Hits } from '../store/reading-state';
import { makeRun, type RunView } from '../store/run-view';
import { hitText, search, type Haystack } from './search';

let run: RunView;
let hay: Haystack;
beforeAll(async () => {
  await loadKernelTexts();
  const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus');
  if (!made.ok) throw new Error(made.problems[0]!.message);
  run = made.view;
  hay = { timeline: run.timeline, runs: [{ run, placeOf: (step) => step, side: undefined }] };
});

function all(query: string, where: Haystack = hay): { hits: Hits; turns: number } {
  const looking = search(query, where);
  for (let turns = 0; ; turns++) {
    const next = looking.next();
    if (next.done) return { hits: next.value, turns };
  }
}

const texts = (query: string): string[] => {
  const { hits } = all(query);
  return Array.from({ length: hits.length }, (_, i) => {
    const { kind, where, text } = hitText(hay, hits, i);
    return `${kind} | ${where} | ${text}`;
  });
};

describe('a search in a run', () => {
  it('finds the lines of the log, each once', () => {
    const lines = texts('enabling virtualization').filter((t) => t.startsWith('log'));
    expect(lines).toEqual(['log | CPU 4 | kvm: enabling virtualization on CPU4 failed']);
  });

  it('finds every visit of a function, on whichever CPU it is', () => {
    const visits = texts('hardware_enable_nolock').filter((t) => t.startsWith('step'));
    // CPUs 0 to 3 when the first VM is made, and CPU 4 when it comes (facts 4.1b4, 4.1c).
    for (const who of [
      'qemu',
      'the interrupt on CPU 1',
      'the interrupt on CPU 2',
      'the interrupt on CPU 3',
      'swapper/4',
    ])
      expect(
        visits.some((t) => t.includes(`| ${who} |`)),
        who,
      ).toBe(true);
  });

  it('finds hotplug steps and tasks as bars, and takes no notice of case or of the order of words', () => {
    expect(texts('KVM_STARTING_cpu').some((t) => t.startsWith('bar | CPU 4 | kvm_starting_cpu'))).toBe(true);
    expect(texts('cpuhp/4').some((t) => t.startsWith('bar | CPU 4'))).toBe(true);
    expect(texts('failed enabling')).toEqual(texts('enabling failed'));
    expect(texts('no such thing at all')).toEqual([]);
    expect(texts('   ')).toEqual([]);
  });

  it('tells the places in order, each where its words are', () => {
    const { hits } = all('kvm');
    expect(hits.length).toBeGreaterThan(20);
    for (let i = 1; i < hits.length; i++) expect(hits.at[i]!).toBeGreaterThanOrEqual(hits.at[i - 1]!);
    for (let i = 0; i < hits.length; i++) expect(hitText(hay, hits, i).text.toLowerCase()).toContain('kvm');
  });
});

describe('a search in a trace of a million events', () => {
  const EVENTS = 1_000_000;
  let timeline: Timeline;
  beforeAll(() => {
    const b = new TimelineBuilder('many', 'trace');
    const cpu = b.track({ kind: 'cpu', name: 'CPU 0', cpu: 0 });
    const runs = b.track({ kind: 'runs', name: 'runs', cpu: 0, parent: cpu });
    for (let i = 0; i < EVENTS; i++) {
      b.tick(i);
      if (i % 4 === 0) b.slice(runs, 0, i, i + 2, Look.kern, i % 1000 === 0 ? 'needle' : 'hay');
      else b.instant(i, runs, Mark.event, i === 777_777 ? 'the needle' : 'event');
    }
    timeline = b.finish();
  });

  it('finds all, in short turns, so that the page is not held up', () => {
    const looking = search('needle', { timeline, runs: [] });
    let turns = 0;
    let longest = 0;
    let found: Hits | null = null;
    while (found === null) {
      const begin = process.cpuUsage();
      const next = looking.next();
      const { user } = process.cpuUsage(begin);
      if (!next.done) {
        longest = Math.max(longest, user / 1000);
        turns++;
      } else found = next.value;
    }
    expect(found.length).toBe(EVENTS / 1000 + 1);
    expect([...found.at]).toContain(777_777);
    expect([...found.kind].filter((k) => k === HitKind.instant)).toHaveLength(1);
    // Sixty thousand rows a turn: the first of them, not yet compiled, is the longest.
    expect(turns).toBeGreaterThan(10);
    expect(longest).toBeLessThan(50);
  });
});
