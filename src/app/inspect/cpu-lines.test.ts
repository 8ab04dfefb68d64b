import { describe, expect, it } from 'vitest';
import { makeRun } from '../store/run-view';
import { galleryText } from '../../litmus/gallery';
import { kernelSource } from '../../kernels/index';
import { cpuLinesAt, cpuRanges, linesOfStep } from './cpu-lines';
import { linesAt } from './kernel-text';

const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus');
if (!made.ok) throw new Error('the opening text does not run');
const run = made.view;

describe('where CPUs stand in the text', () => {
  it('is a line of a text for each CPU that executes one, and never one of a CPU that is not there', () => {
    let most = 0;
    for (let done = 0; done <= run.steps; done += 7) {
      const lines = cpuLinesAt(run, done);
      most = Math.max(most, lines.length);
      expect(new Set(lines.map((l) => l.cpu)).size).toBe(lines.length);
      for (const { file, line } of lines.filter((l) => l.file !== 'litmus'))
        expect(kernelSource(file)!.split('\n')[line - 1]!.trim()).not.toBe('');
    }
    expect(most).toBeGreaterThan(1);
    expect(cpuLinesAt(run, 0).some((l) => l.cpu === 4)).toBe(false);
  });

  it('is, for the CPU of the next step, the line that this step executes', () => {
    let compared = 0;
    for (let done = 0; done < run.steps; done++) {
      const step = run.history.step(done);
      const next = linesAt(run, done + 1)[0];
      const here = cpuLinesAt(run, done).find((l) => l.cpu === step.cpu);
      if (step.kind !== 'step' || !next || !here || run.program.contexts[step.context]!.name !== here.context) continue;
      expect(`${here.file}:${here.line}`).toBe(`${next.file}:${next.line}`);
      compared++;
    }
    expect(compared).toBeGreaterThan(100);
  });

  it('are for a step all that it executes: from its first line to what is told in it', () => {
    const step = [...run.history.effects].find(([, effects]) =>
      effects.some((e) => e.kind === 'log' && /enabling virtualization on CPU4 failed/.test(e.text)),
    )![0];
    const lines = linesOfStep(run, step + 1).map(({ file, line }) => kernelSource(file)!.split('\n')[line - 1]!.trim());
    expect(lines[0]).toBe('clear cpu in cpus_hardware_enabled');
    expect(lines).toContain('log "kvm: enabling virtualization on CPU%d failed", cpu');
    for (let done = 1; done <= run.steps; done++) {
      const first = linesAt(run, done)[0];
      if (first && first.file !== 'litmus') expect(linesOfStep(run, done)).toContainEqual(first);
    }
  });

  it('tells CPUs in a few characters', () => {
    expect(cpuRanges([4, 0, 1, 2, 6])).toBe('0-2 4 6');
  });
});
