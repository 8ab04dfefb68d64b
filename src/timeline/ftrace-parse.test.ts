import { describe, expect, it } from 'vitest';
import { Kind, type EventTable } from './ftrace-events';
import { FtraceReader } from './ftrace-import';

function read(text: string): FtraceReader {
  const reader = new FtraceReader();
  reader.begin('trace');
  reader.feed(text);
  reader.end();
  return reader;
}

const kindName = (kind: number): string => Object.entries(Kind).find(([, value]) => value === kind)![0];

/** A row as a short list: kind, CPU, task, comm, stamp, then whatever of a .. e the test wants. */
function row(t: EventTable, i = 0) {
  const s = (id: number | undefined): string => t.strings.text(id!);
  return {
    kind: kindName(t.kind.data[i]!),
    cpu: t.cpu.data[i],
    tid: t.tid.data[i],
    comm: s(t.comm.data[i]),
    us: t.time.data[i],
    name: s(t.name.data[i]),
    text: s(t.text.data[i]),
    a: t.a.data[i],
    b: t.b.data[i],
    c: t.c.data[i],
    d: s(t.d.data[i]),
    e: t.e.data[i],
    cs: s(t.c.data[i]),
    es: s(t.e.data[i]),
  };
}

describe('the columns in front of the event', () => {
  it.each([
    [
      '6.1, with TGID',
      '     cpuhp/4-274     (    274) [004] .....   110.534081: x: y',
      { cpu: 4, tid: 274, comm: 'cpuhp/4', us: 110534081 },
    ],
    [
      '5.10, four flags',
      '          <idle>-0       (-------) [003] d.h.   103.130499: x: y',
      { cpu: 3, tid: 0, comm: '<idle>', us: 103130499 },
    ],
    [
      'no TGID',
      '           vcpu0-157     [000] d..1.    43.243151: x: y',
      { cpu: 0, tid: 157, comm: 'vcpu0', us: 43243151 },
    ],
    [
      '5.10, no TGID',
      '           <...>-296     [000] d...   226.367271: x: y',
      { cpu: 0, tid: 296, comm: '<...>', us: 226367271 },
    ],
    [
      'a comm with a dash',
      'kvm-nx-lpage-re-1234 [012] .....  1.000001: x: y',
      { cpu: 12, tid: 1234, comm: 'kvm-nx-lpage-re', us: 1000001 },
    ],
    ['a comm with a number behind a dash', '           a-1-22  [000] .....  1.000001: x: y', { tid: 22, comm: 'a-1' }],
    ['a comm with blanks', '     Web Content-22  [000] .....  1.000001: x: y', { tid: 22, comm: 'Web Content' }],
    [
      'a comm with brackets',
      '        [1] (x)-22 (     21) [003] .....  1.000001: x: y',
      { cpu: 3, tid: 22, comm: '[1] (x)' },
    ],
    [
      'a comm with a CPU in it',
      '        a-1 [7]-22  [003] .....  1.000001: x: y',
      { cpu: 3, tid: 22, comm: 'a-1 [7]' },
    ],
    ['an empty comm', '                -22  [003] .....  1.000001: x: y', { cpu: 3, tid: 22, comm: '' }],
    ['no flags (irq-info off)', '           <...>-1 [0123]  12.5: x: y', { cpu: 123, us: 12500000 }],
    ['nanoseconds', '           <...>-1 [000] .....  12.000000250: x: y', { us: 12000000.25 }],
    ['a clock without seconds', '           <...>-1 [000] .....  1234: x: y', { us: 1234 }],
    ['CRLF', '           <...>-1 [000] .....  12.000001: x: y\r', { text: 'y' }],
  ])('%s', (_, line, expected) => {
    const r = read(line);
    expect(r.bad).toEqual([]);
    expect(row(r.table)).toMatchObject({ kind: 'other', name: 'x', ...expected });
  });

  it('notes which threads belong to a process', () => {
    const { table } = read(
      ' a-7 (  5) [000] ..... 1.0: x: y\n b-5 (  5) [000] ..... 1.0: x: y\n c-9 (-------) [000] ..... 1.0: x: y',
    );
    expect([...table.userThreads]).toEqual([7]);
  });
});

describe('events', () => {
  const at = '  vmm-273 [002] .....   1.000000: ';
  it.each([
    [
      'cpuhp_enter: cpu: 0004 target: 236 step: 156 (smpboot_unpark_threads)',
      { kind: 'cpuhpEnter', a: 4, b: 236, c: 156, d: 'smpboot_unpark_threads' },
    ],
    [
      'cpuhp_multi_enter: cpu: 0004 target:   0 step:  23 (bio_cpu_dead)',
      { kind: 'cpuhpEnter', a: 4, b: 0, c: 23, d: 'bio_cpu_dead' },
    ],
    [
      'cpuhp_enter: cpu: 4095 target: 236 step: 212 (msr_device_create [msr])',
      { a: 4095, d: 'msr_device_create [msr]' },
    ],
    ['cpuhp_exit:  cpu: 0004  state: 146 step:  86 ret: -11', { kind: 'cpuhpExit', a: 4, b: 146, c: 86, e: -11 }],
    [
      'sched_switch: prev_comm=init prev_pid=1 prev_prio=120 prev_state=R+ ==> next_comm=rcu preempt next_pid=15 next_prio=120',
      { kind: 'switch', a: 1, b: 15, cs: 'init', d: 'rcu preempt', es: 'R+' },
    ],
    [
      'sched_switch: prev_comm=a prev_pid=1 prev_pid=2 prev_prio=0 prev_state=D|K ==> next_comm= next_pid=3 next_prio=0',
      { kind: 'bad' },
    ],
    [
      'sched_migrate_task: comm=kworker/1:2 pid=50 prio=120 orig_cpu=0 dest_cpu=1',
      { kind: 'migrate', a: 50, b: 0, c: 1, d: 'kworker/1:2' },
    ],
    ['sched_process_fork: comm=init pid=1 child_comm=init child_pid=167', { kind: 'fork', a: 1, b: 167, d: 'init' }],
    ['sched_process_exec: filename=/bin/vmm pid=389 old_pid=389', { kind: 'exec', a: 389, d: '/bin/vmm' }],
    ['sched_process_exit: comm=vmm pid=200 prio=120 group_dead=true', { kind: 'exit', a: 200, d: 'vmm' }],
    ['sched_wakeup: comm=vcpu-a pid=198 prio=120 target_cpu=004', { kind: 'wakeup', a: 198, b: 4, d: 'vcpu-a' }],
    ['kvm_entry: vcpu 0, rip 0x1000 intr_info 0x00000000 error_code 0x00000000', { kind: 'kvmEntry', a: 0 }],
    [
      'kvm_exit: vcpu 1 reason EXTERNAL_INTERRUPT rip 0x1000 info1 0x0',
      { kind: 'kvmExit', a: 1, d: 'EXTERNAL_INTERRUPT' },
    ],
    ['kvm_userspace_exit: reason KVM_EXIT_HLT (5)', { kind: 'userExit', d: 'KVM_EXIT_HLT (5)' }],
    [
      'kvm_pio: pio_write at 0x10 size 1 count 1 val 0x13 ',
      { kind: 'other', text: 'pio_write at 0x10 size 1 count 1 val 0x13' },
    ],
    ['reschedule_entry: vector=253', { kind: 'vectorEntry', a: 253, d: 'reschedule' }],
    ['call_function_single_exit: vector=251', { kind: 'vectorExit', a: 251, d: 'call_function_single' }],
    ['syscall_entry: nr=1', { kind: 'other' }],
    ['ipi_send_cpu: cpu=3 callsite=wakeup_preempt+0x40/0x70 callback=0x0', { kind: 'ipiCpu', a: 3, e: 0 }],
    [
      'ipi_send_cpu: cpu=1 callsite=x+0x33/0x130 callback=generic_smp_call_function_single_interrupt+0x0/0x20',
      { kind: 'ipiCpu', a: 1, e: 1 },
    ],
    [
      'ipi_send_cpumask: cpumask=00000000,0000000c callsite=x callback=f+0x0/0x20',
      { kind: 'ipiMask', d: '00000000,0000000c', e: 1 },
    ],
    ['console: smpboot: CPU 4 is now offline', { kind: 'console', a: -1, d: 'smpboot: CPU 4 is now offline' }],
    [
      'console: [  107.533994] CPU4 has been hot-added',
      { kind: 'console', a: 107, b: 533994, d: 'CPU4 has been hot-added' },
    ],
    ['tracing_mark_write: mark: vmm a: pin 4', { kind: 'mark', d: 'mark: vmm a: pin 4' }],
    [
      'kvm_starting_cpu <-cpuhp_invoke_callback',
      { kind: 'func', name: 'function', d: 'kvm_starting_cpu', es: 'cpuhp_invoke_callback' },
    ],
    ['0xffffffffc04642f0 <-0xffffffffc046439e', { kind: 'func', d: '0xffffffffc04642f0' }],
    ['kvm_sched_in: (kvm_sched_in+0x0/0x40 [kvm])', { kind: 'probe', d: 'kvm_sched_in' }],
    [
      'kvm_arch_hardware_enable_ret: (hardware_enable_nolock+0x2e/0x60 [kvm] <- kvm_arch_hardware_enable) ret=-5',
      { kind: 'probeRet', d: 'kvm_arch_hardware_enable', c: 1, e: -5 },
    ],
    ['f_ret: (g+0x2e/0x60 <- f) ret=0xfffffffb', { kind: 'probeRet', d: 'f', c: 1, e: -5 }],
    ['f_ret: (g+0x2e/0x60 <- f)', { kind: 'probeRet', d: 'f', c: 0 }],
    ['some_new_event: what=ever', { kind: 'other', name: 'some_new_event', text: 'what=ever' }],
    ['words without any form', { kind: 'other', name: 'words', text: 'without any form' }],
    ['sched_switch: nonsense', { kind: 'bad' }],
    ['cpuhp_exit:  cpu: 0004  state: 146', { kind: 'bad' }],
  ])('%s', (event, expected: Record<string, unknown>) => {
    const r = read(at + event);
    if (expected['kind'] === 'bad') {
      // The duplicated field reads as two: the first one holds, so it is no bad line; all others here are.
      expect(r.badLines + r.table.length).toBe(1);
      if (!event.includes('prev_pid=2')) expect(r.badLines).toBe(1);
      return;
    }
    expect(r.bad).toEqual([]);
    expect(row(r.table)).toMatchObject(expected);
  });

  it('reads lost events, buffer starts and overwritten buffers', () => {
    const r = read(
      [
        '# entries-in-buffer/entries-written: 10/300   #P:2',
        '  a-1 [000] ..... 5.000000: x: y',
        'CPU:1 [LOST 17 EVENTS]',
        '##### CPU 1 buffer started ####',
        '  a-1 [001] ..... 5.000001: x: y',
      ].join('\n'),
    );
    expect(r.lostEvents).toBe(17);
    expect(row(r.table, 1)).toMatchObject({ kind: 'lost', a: 1, b: 17, us: 5000000 });
    expect(r.buffersStarted).toEqual([{ cpu: 1, row: 2 }]);
    expect(r.overwritten).toEqual([{ file: 'trace', kept: 10, written: 300 }]);
    expect([r.dataLines, r.events, r.badLines]).toEqual([3, 3, 0]);
  });

  it('hangs stack frames on their event', () => {
    const r = read('  a-1 [000] ..... 5.0: x: y\n => schedule\n => do_idle\n');
    expect(row(r.table).text).toBe('y\n=> schedule\n=> do_idle');
    expect([r.dataLines, r.events]).toEqual([3, 3]);
  });
});

describe('lines that cannot be read', () => {
  it('are told with file, line, text and reason', () => {
    const r = read('# comment\n\nnonsense\n  a-1 [000] ..... 5.0: x: y\n  a-1 [000] .....\n  [000] ..... 5.0: x\n');
    expect(r.bad).toEqual([
      { file: 'trace', line: 3, text: 'nonsense', why: 'no [CPU] column' },
      { file: 'trace', line: 5, text: '  a-1 [000] .....', why: 'no time stamp' },
      { file: 'trace', line: 6, text: '  [000] ..... 5.0: x', why: 'no TASK-PID' },
    ]);
    expect([r.dataLines, r.events, r.badLines]).toEqual([4, 1, 3]);
  });

  it('are all counted, and only the first hundred kept', () => {
    const r = read('nonsense\n'.repeat(1000));
    expect([r.badLines, r.bad.length, r.dataLines]).toEqual([1000, 100, 1000]);
  });

  it('may be longer than memory would bear', () => {
    const r = new FtraceReader();
    for (let i = 0; i < 50; i++) r.feed('x'.repeat(10_000));
    r.feed('\n  a-1 [000] ..... 5.0: x: y\n');
    r.end();
    expect([r.dataLines, r.events, r.badLines]).toEqual([2, 1, 1]);
    expect(r.bad[0]!.why).toMatch(/longer than/);
  });
});
