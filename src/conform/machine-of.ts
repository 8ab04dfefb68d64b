/** The machine that a capture was taken on, as far as the text of it says. */
import type { Capture } from '../timeline/capture';
import { cpuList, text, type Act } from './acts';

export interface MachineOf {
  readonly booted: number;
  readonly possible: number;
  /** CPUs that are there from the start, booted or not. */
  readonly present: number;
  /** 0: not told. */
  readonly packages: number;
  /** The TSC is not to be trusted: clocks are set anew on every CPU that comes up. */
  readonly tscDrifts: boolean;
}

/** null where the capture does not say which CPUs there are. `tscUnstable`: the boot log says so. */
export function machineOf(capture: Capture, acts: readonly Act[], tscUnstable: boolean): MachineOf | null {
  const cpus = capture['cpus'] as { booted?: unknown; possible?: unknown } | undefined;
  const machine = capture['machine'] as { accel?: unknown; smp?: unknown } | undefined;
  const { booted, possible } = cpus ?? {};
  if (typeof booted !== 'number' || typeof possible !== 'number') return null;
  const sockets = /(?:^|,)sockets=(\d+)/.exec(typeof machine?.smp === 'string' ? machine.smp : '');
  return {
    booted,
    possible,
    present: presentFrom(acts, booted),
    packages: sockets ? Number(sockets[1]) : 0,
    // an emulator without hardware virtualization offers no constant TSC
    tscDrifts: tscUnstable || /^tcg/.test(String(machine?.accel ?? '')),
  };
}

/** By the first reading of them, where no CPU was added before it. */
function presentFrom(acts: readonly Act[], booted: number): number {
  const first = acts.find((a) => a.do === 'read_online' && text(a, 'present') !== '');
  const added = acts.find((a) => a.do === 'hotadd');
  if (!first || (added && added.t < first.t)) return booted;
  return Math.max(booted, (cpuList(first, 'present') ?? []).length);
}
