/** Times mean nothing to the explorer: what has a moment in a run may begin at any. */
import { expect, it } from 'vitest';
import { load } from '../litmus/load';
import { explore } from './bfs';

it('an armed fault is a choice of the explorer: armed before or after, both are found', () => {
  const ends = (question: string): string => {
    const text = `litmus t\nkernel v5.15\nmachine intel, cpus 2\n\na: offline cpu1\nyou: arm cpu1 takedown_cpu returns -EBUSY at 1 ms\n\n${question}\n`;
    const loaded = load(text, 't');
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const found = explore(loaded.program, { maxStates: 300_000 });
    return `${found.verdict}`;
  };
  // an `exists` holds where some ordering shows it
  expect([
    ends('exists returned(a, offline, -EBUSY)'),
    ends('exists returned(a, offline, 1)'),
    ends('exists returned(a, offline, -ENOMEM)'),
  ]).toEqual(['holds', 'holds', 'violated']);
});
