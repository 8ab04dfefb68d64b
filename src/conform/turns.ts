/**
 * The lines of a vCPU's run loop. How often a guest turns round is its own affair; what is compared is each time that a
 * vCPU comes to a CPU: the loads there, and what comes up to the first entry.
 */
import type { Seen, TraceView } from './seen';

/** How a vCPU came to a CPU: in KVM_RUN, switched in by the scheduler; or with a new KVM_RUN. */
export type Way = 'sched_in' | 'load';

export interface Arrivals {
  /** Lines that are compared: by row; `way` at the first of an arrival. */
  readonly kept: ReadonlyMap<number, Way | null>;
  /** Last row of each arrival that did not come to the entry: the thread was switched out before. */
  readonly cut: ReadonlySet<number>;
  /** Rows of turns. */
  readonly turns: ReadonlySet<number>;
  /** Where each vCPU is seen next: by context, rows' times and CPUs in order. */
  readonly route: ReadonlyMap<number, readonly { readonly t: number; readonly cpu: number; readonly way: Way }[]>;
}

const LOADS = new Set(['kvm_sched_in', 'kvm_arch_vcpu_load', 'vmx_vcpu_load', 'svm_vcpu_load', 'vmx_vcpu_load_vmcs']);

/** `vcpuOf`: context of a line of a vCPU thread, -1 for others. `functions`: those that a vCPU thread runs. */
export function findArrivals(view: TraceView, vcpuOf: (s: Seen) => number, functions: ReadonlySet<string>): Arrivals {
  const kept = new Map<number, Way | null>();
  const cut = new Set<number>();
  const turns = new Set<number>();
  const route = new Map<number, { t: number; cpu: number; way: Way }[]>();
  const state = new Map<number, { cpu: number; arriving: boolean; span: number; did: Set<string>; last: number }>();
  const spanOf = (t: number): number => view.spans.findIndex((span) => t >= span.from && t <= span.to);
  for (const s of view.lines) {
    if (s.what === 'enter' || s.what === 'exit') continue;
    const x = vcpuOf(s);
    if (x < 0) continue;
    if (s.what !== 'guest' && !functions.has(s.fn)) continue;
    let at = state.get(x);
    if (!at) state.set(x, (at = { cpu: -1, arriving: false, span: -1, did: new Set(), last: -1 }));
    const span = spanOf(s.t);
    const outermost =
      s.what === 'call' && LOADS.has(s.fn) && (s.fn === 'kvm_sched_in' || !view.listed.calls.has(s.caller));
    if (outermost && at.arriving && span === at.span) {
      cut.add(at.last);
      at.arriving = false;
    }
    if (outermost && (s.cpu !== at.cpu || span !== at.span)) {
      at.arriving = true;
      const way: Way =
        s.fn === 'kvm_sched_in' || /^(kvm_sched_in|finish_task_switch)/.test(s.caller) ? 'sched_in' : 'load';
      kept.set(s.row, way);
      let list = route.get(x);
      if (!list) route.set(x, (list = []));
      list.push({ t: s.t, cpu: s.cpu, way });
      at.cpu = s.cpu;
      at.span = span;
      at.did = new Set([s.fn]);
      at.last = s.row;
      continue;
    }
    // what is done once more before the entry (a request came, or the scheduler) is a turn like any other
    const fn = s.what === 'guest' ? 'guest' : s.fn;
    const again = at.did.has(fn);
    if (at.arriving && s.cpu === at.cpu && !again && fn !== 'kvm_sched_out') {
      kept.set(s.row, null);
      at.last = s.row;
      at.did.add(fn);
      if (s.what === 'guest') at.arriving = false;
    } else {
      turns.add(s.row);
      if ((fn === 'kvm_sched_out' || again) && at.arriving) {
        cut.add(at.last);
        at.arriving = false;
      }
    }
  }
  return { kept, cut, turns, route };
}
