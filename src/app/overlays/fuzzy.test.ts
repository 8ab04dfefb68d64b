import { expect, it } from 'vitest';
import { fuzzy } from './fuzzy';

const best = (query: string, ...titles: string[]): string[] =>
  titles
    .map((t) => [t, fuzzy(query, t)] as const)
    .filter(([, score]) => score > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([t]) => t);

it('finds by words in any order, and by the letters of a word', () => {
  const all = ['Take CPU 2 offline', 'Take CPU 2 online', 'Take CPU 12 offline', 'Fit everything', 'Start a VM'];
  expect(best('off 2', ...all)).toEqual(['Take CPU 2 offline', 'Take CPU 12 offline']);
  expect(best('2 offline', ...all)[0]).toBe('Take CPU 2 offline');
  expect(best('ofl 2', ...all)[0]).toBe('Take CPU 2 offline');
  expect(best('off 3', ...all)).toEqual([]);
  expect(best('fit', ...all)).toEqual(['Fit everything']);
  expect(best('vm', ...all)).toEqual(['Start a VM']);
});

it('takes what begins with the query first, word for word', () => {
  expect(best('start a vm', 'Begin a change from vmxon-at-start', 'Start a VM')[0]).toBe('Start a VM');
  expect(best('online 4', 'Take CPU 4 offline', 'Take CPU 4 online')[0]).toBe('Take CPU 4 online');
});

it('takes everything where nothing is asked, and looks into what is said besides', () => {
  expect(best('', 'a', 'b')).toHaveLength(2);
  expect(fuzzy('modprobe', 'Load KVM', 'modprobe kvm_intel')).toBeGreaterThan(0);
  expect(fuzzy('kvm', 'Load KVM')).toBeGreaterThan(fuzzy('kvm', 'Start a VM', 'loads KVM'));
});
