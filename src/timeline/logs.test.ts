import { describe, expect, it } from 'vitest';
import { placeDmesg } from './align';
import { cpusOfMask } from './arrows';
import { clockHints, cpusOfList, parseCapture } from './capture';
import { Mark } from './columns';
import { describeReport, parseDmesg } from './dmesg-import';
import { markOfLogLine } from './log-marks';
import { FtraceReader } from './ftrace-import';
import { groupSteps, type Step } from './hotplug-ops';
import { parseStates } from './states-import';
import { parseVmm } from './vmm-import';

const bug = `[  115.432746] ------------[ cut here ]------------
[  115.438722] kernel BUG at arch/x86/kvm/x86.c:511!
[  115.439223] Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
[  115.439532] CPU: 4 UID: 0 PID: 198 Comm: vcpu a Tainted: G           OE      6.12.1
[  115.442370] RIP: 0010:kvm_spurious_fault+0xe/0x10 [kvm]
[  115.442370] Call Trace:
[  115.442370]  <TASK>
[  115.442370]  ? die+0x32/0x80
[  115.442370]  svm_prepare_switch_to_guest+0xcd/0x100 [kvm_amd]
[  115.442370]  kvm_arch_vcpu_ioctl_run+0x761/0x1750 [kvm]
[  115.497705] RIP: 0033:0x447e2b
[  115.512975] ---[ end trace 0000000000000000 ]---
[  115.513188] RIP: 0010:kvm_spurious_fault+0xe/0x10 [kvm]
[  115.516773] CR2: 0000000000427700 CR3: 0000000005cce000
[  115.519268] note: vcpu a[198] exited with preempt_count 1
[  134.194056] something else`;

describe('dmesg', () => {
  it('reads the report of a death', () => {
    const { reports, lines } = parseDmesg(bug);
    expect(lines.length).toBe(16);
    expect(reports).toEqual([
      {
        from: 0,
        at: 1,
        to: 14,
        mark: Mark.oops,
        what: 'kernel BUG at arch/x86/kvm/x86.c:511!',
        function: 'kvm_spurious_fault',
        callSite: 'svm_prepare_switch_to_guest+0xcd/0x100 [kvm_amd]',
        caller: 'svm_prepare_switch_to_guest',
        cpu: 4,
        pid: 198,
        comm: 'vcpu a',
        note: 'note: vcpu a[198] exited with preempt_count 1',
      },
    ]);
    expect(describeReport(reports[0]!)).toMatch(
      /x86\.c:511!; in kvm_spurious_fault; called from svm_.*; vcpu a \(198\) on CPU 4/,
    );
  });

  it('keeps two deaths apart, also where the first has no end', () => {
    const twice = parseDmesg(`${bug.split('\n').slice(0, 9).join('\n')}\n${bug}`);
    expect(twice.reports.map((r) => [r.from, r.to])).toEqual([
      [0, 8],
      [9, 23],
    ]);
  });

  it('takes stamps with a caller, lines without a stamp, and CRLF', () => {
    const { lines } = parseDmesg('<6>[    1.000002][  T198] a\r\n[    2.5] b\nc\n\n[   12.345678] d');
    expect(lines.map((l) => [l.line, l.stampUs, l.text])).toEqual([
      [1, 1000002, 'a'],
      [2, NaN, '[    2.5] b'],
      [3, NaN, 'c'],
      [5, 12345678, 'd'],
    ]);
  });

  it('knows loud lines from quiet ones', () => {
    expect(markOfLogLine('kvm: enabling virtualization on CPU4 failed')).toBe(Mark.failure);
    expect(markOfLogLine('Error taking CPU3 up: -5')).toBe(Mark.failure);
    expect(markOfLogLine('Kernel panic - not syncing: Fatal exception')).toBe(Mark.oops);
    expect(markOfLogLine('process 200 (vcpu-a) no longer affine to cpu3')).toBe(Mark.warning);
    expect(markOfLogLine('smpboot: CPU 4 is now offline')).toBe(Mark.log);
  });
});

describe('placing dmesg in a trace', () => {
  const table = (lines: string[]) => {
    const reader = new FtraceReader();
    reader.feed(lines.join('\n'));
    reader.end();
    return reader.table;
  };
  const none = { shiftUs: NaN, moments: [] };

  it('finds lines by their text, fails by their return, and keeps the order between', () => {
    const t = table([
      ' a-1 [000] ..... 10.100000: console: first',
      ' a-1 [004] ..... 10.200000: kvm_arch_hardware_enable_ret: (x <- kvm_arch_hardware_enable) ret=-5',
      ' a-1 [004] ..... 10.300000: kvm_starting_cpu_ret: (x <- kvm_starting_cpu) ret=0',
      ' a-1 [000] ..... 10.400000: console: [   10.300000] second',
    ]);
    const dmesg = parseDmesg(
      [
        '[    1.000000] boot',
        '[   10.000000] first',
        '[   10.000500] in between',
        '[   10.000500] kvm: enabling virtualization on CPU4 failed',
        '[    9.999000] a stale stamp',
        '[   10.300000] second',
        '[   11.000000] later',
      ].join('\n'),
    );
    const { places, anchors } = placeDmesg(dmesg, t, none);
    expect(anchors).toBe(3);
    expect(places.map((p) => [p.timeUs, p.after, p.row])).toEqual([
      [1100000, -1, -1],
      [10100000, 0, 0],
      [10100500, 0, -1],
      [10200000, 1, -1],
      [10200000, 1, -1],
      [10400000, 3, 3],
      [11100000, 3, -1],
    ]);
  });

  it('does not take the same words of another time for the same line', () => {
    const t = table([' a-1 [000] ..... 100.1: console: unique', ' a-1 [000] ..... 100.2: console: again']);
    const dmesg = parseDmesg('[    5.000000] again\n[  100.000000] unique\n[  100.100000] again');
    expect(placeDmesg(dmesg, t, none).places.map((p) => p.row)).toEqual([-1, 0, 1]);
  });

  it('uses a shift where nothing else joins the clocks, and says when it has none', () => {
    const t = table([' a-1 [000] ..... 100.0: x: y', ' a-1 [000] ..... 101.0: x: y']);
    const dmesg = parseDmesg('[   50.500000] hello');
    expect(placeDmesg(dmesg, t, { ...none, shiftUs: 50e6 }).places[0]).toMatchObject({ timeUs: 100.5e6, after: 0 });
    expect(placeDmesg(dmesg, t, none).note).toMatch(/no shift between the clocks known/);
  });
});

describe('vmm logs', () => {
  it('reads both dialects', () => {
    const { lines } = parseVmm(
      [
        '115.445476 a[198] cpu1 KVM_RUN#890 = 0 errno=0 exit_reason=5(HLT) in_cpu1 out_cpu1 took=0.000218',
        '113.421511 a[245] cpu1 sched_setaffinity(tid 265, cpu4) = -1 errno=22(EINVAL) took=0.000173',
        '# 208 lines left out',
        '[   30.280820] vmA: vcpu tid=157',
        '[   30.285550] vmA: KVM_RUN #1 cpu_before=0 cpu_after=1 ret=0 errno=0(0) exit_reason=2 port=0x80 al=0x1',
        '[   60.761984] vmB: KVM_RUN cpu=0 ret=0 errno=0 exit_reason=2',
        '[   66.203338] vmA: pin tid=197 cpu=1 -> -1 errno=EINVAL',
      ].join('\n'),
    );
    expect(lines.map((l) => [l.is, l.name, l.vm, l.tid, l.cpu, l.failed])).toEqual([
      ['run', 'KVM_RUN#890', 'a', 198, 1, false],
      ['call', 'sched_setaffinity', 'a', 245, 1, true],
      ['remark', 'vmm', '', -1, -1, false],
      ['call', 'vcpu', 'vmA', -1, -1, false],
      ['run', 'KVM_RUN#1', 'vmA', 157, 1, false],
      ['run', 'KVM_RUN', 'vmB', -1, 0, false],
      ['call', 'pin', 'vmA', -1, -1, true],
    ]);
  });
});

describe('small things', () => {
  it('reads masks, lists and state names', () => {
    expect(cpusOfMask('00000000,0000000c')).toEqual([2, 3]);
    expect(cpusOfMask('80000001,00000000')).toEqual([32, 63]);
    expect(cpusOfList('0-3,6')).toEqual([0, 1, 2, 3, 6]);
    expect(cpusOfList('')).toEqual([]);
    expect([...parseStates('  0: offline\n138: kvm/cpu:starting\nrubbish')]).toEqual([
      [0, 'offline'],
      [138, 'kvm/cpu:starting'],
    ]);
  });

  it('takes clocks from a capture', () => {
    const capture = parseCapture(
      JSON.stringify({
        format: 1,
        title: 't',
        kernel: 'k',
        scenario: 's',
        trace: {
          clock_note: 'dmesg stamps are moved by +0.2786 s (good to about 10 ms)',
          clock_anchors: [
            [1, 2.5],
            [2, 3],
            [3, 4],
          ],
        },
      }),
    );
    const hints = clockHints(capture);
    expect([hints.vmmShiftUs, Math.round(hints.dmesgShiftUs)]).toEqual([1e6, 278600]);
  });
});

describe('hotplug operations', () => {
  /** "enter-exit step/target callback state ret", `*` in front for a step of the CPU itself. */
  const steps = (text: string): Step[] =>
    text
      .trim()
      .split('\n')
      .map((line) => {
        const [, ap, enter, exit, step, target, callback, state, ret] =
          /^\s*(\*?)(\d+)-(\d+|\?\d+) (\d+)\/(\d+) (\w+) (\d+) (-?\d+)$/.exec(line)!;
        const open = exit!.startsWith('?');
        return {
          cpu: 4,
          step: Number(step),
          target: Number(target),
          callback: callback!,
          enter: Number(enter),
          exit: open ? -1 : Number(exit),
          cut: open ? Number(exit!.slice(1)) : -1,
          state: Number(state),
          ret: Number(ret),
          ap: ap === '*',
          tid: 0,
        };
      });
  const drawn = (text: string, gaps: number[] = []) =>
    groupSteps(steps(text), gaps).map((o) => [
      o.leaves,
      o.failed,
      ...o.sections.map((s) => `${s.name} ${s.start}-${s.end}`),
    ]);

  it('a CPU comes up', () => {
    expect(
      drawn(`
        0-1 1/236 smpboot_create_threads 1 0
        2-3 40/236 random_prepare_cpu 40 0
        4-20 91/236 bringup_cpu 236 0
        *10-11 156/236 smpboot_unpark_threads 156 0
        *12-13 235/236 sched_cpu_activate 235 0`),
    ).toEqual([['online', false, 'PREPARE 0-4', 'STARTING 4-10', 'ONLINE 10-20']]);
  });

  it('a step of the ONLINE section fails: all is rolled back, and the write with it', () => {
    const text = `
        0-1 1/236 smpboot_create_threads 1 0
        2-3 85/236 cpuhp_kick_ap_alive 85 0
        4-20 86/236 cpuhp_bringup_ap 146 -5
        *10-11 148/236 kvm_online_cpu 147 -5
        *12-13 146/146 nothing 146 0
        *14-15 149/146 sched_cpu_wait_empty 148 0
        21-25 145/0 takedown_cpu 87 0
        26-27 1/0 perf_event_exit_cpu 0 0`;
    const [operation] = groupSteps(steps(text.replace(/\n.*nothing.*/, '')), []);
    expect(operation).toMatchObject({
      up: true,
      leaves: 'offline',
      failed: true,
      why: 'cpuhp_bringup_ap (step 86) returned -EIO',
    });
    expect(operation!.sections.map((s) => `${s.name} ${s.start}-${s.end}`)).toEqual([
      'PREPARE 0-4',
      'STARTING 4-10',
      'ONLINE 10-14',
      'rolling back 14-27',
    ]);
  });

  it('a CPU goes down, comes back, and an installed state in between is neither', () => {
    expect(
      drawn(`
        0-9 236/145 cpuhp_kick_ap_work 145 0
        *1-2 235/145 sched_cpu_deactivate 234 0
        10-19 145/0 takedown_cpu 87 0
        20-21 86/0 finish_cpu 85 0
        30-31 1/236 smpboot_create_threads 1 0
        32-50 86/236 cpuhp_bringup_ap 236 0
        *40-41 235/236 sched_cpu_activate 235 0
        *60-61 148/236 kvm_online_cpu 236 0`),
    ).toEqual([
      ['offline', false, 'going down: ONLINE 0-10', 'going down: DYING 10-19', 'going down: DEAD 19-21'],
      ['online', false, 'PREPARE 30-32', 'STARTING 32-40', 'ONLINE 40-50'],
    ]);
  });

  it('going down fails, and is tried again', () => {
    expect(
      drawn(`
        0-9 236/145 cpuhp_kick_ap_work 236 -11
        *1-2 235/145 sched_cpu_deactivate 234 0
        *3-4 235/236 sched_cpu_activate 235 0
        20-29 236/145 cpuhp_kick_ap_work 145 0
        *21-22 235/145 sched_cpu_deactivate 234 0
        30-39 145/0 takedown_cpu 87 0`),
    ).toEqual([
      ['online', true, 'going down: ONLINE 0-3', 'rolling back 3-9'],
      ['offline', false, 'going down: ONLINE 20-30', 'going down: DYING 30-39'],
    ]);
  });

  it('nothing reaches across a hole in the trace', () => {
    const [first, second] = groupSteps(
      steps(`
        0-1 1/236 smpboot_create_threads 1 0
        2-?5 86/236 cpuhp_bringup_ap 0 0
        10-11 40/236 random_prepare_cpu 40 0`),
      [5],
    );
    expect(first).toMatchObject({ end: 5, leaves: 'unknown' });
    expect(second).toMatchObject({ start: 10 });
  });
});
