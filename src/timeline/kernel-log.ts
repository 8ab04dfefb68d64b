import { Mark, type LogLine, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import type { CpuLane } from './cpu-lane';
import { describeReport, type Dmesg, type Report } from './dmesg-import';
import { markOfLogLine } from './log-marks';
import type { RunsLane } from './runs-lane';
import type { TaskLanes } from './task-lane';
import type { TraceTracks } from './trace-tracks';
import type { VirtLane } from './virt-lane';

/** The rows that a line of the kernel log can tell something about. */
export interface Told {
  readonly cpus: CpuLane;
  readonly virt: VirtLane;
  readonly runs: RunsLane;
  readonly tasks: TaskLanes;
}

/** Who printed a line, as far as is known: -1 and '' where not. */
export interface Printer {
  readonly cpu: number;
  readonly tid: number;
  readonly comm: string;
}

/**
 * Takes the lines of the kernel log one after the other, from the console events of the trace or from dmesg: each becomes a log line and
 * an instant, and some tell what became of a CPU or a task.
 */
export class KernelLog {
  /** Index of the line -> the report it belongs to. */
  private readonly reportOf = new Map<number, Report>();

  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly told: Told,
    dmesg: Dmesg | undefined,
  ) {
    for (const report of dmesg?.reports ?? [])
      for (let i = report.from; i <= report.to; i++) this.reportOf.set(i, report);
  }

  /**
   * @param index of the line in the dmesg, or -1 if there is none.
   * @param at undefined for a line from before the first event: it is logged, but marks nothing.
   */
  line(text: string, index: number, at: Ordinal | undefined, timeUs: number, printer: Printer): void {
    const report = this.reportOf.get(index);
    // Within a report one line is the loud one; "Oops: invalid opcode" behind "kernel BUG at" is the same death again.
    const mark = report ? (report.at === index ? report.mark : Mark.log) : markOfLogLine(text);
    const cpu = printer.cpu >= 0 ? printer.cpu : (report?.cpu ?? cpuInText(text));
    const line: LogLine = { at: at ?? 0, timeUs, cpu, text, mark, source: 'kernel' };
    this.builder.logLine(line);
    if (at === undefined) return;
    this.tell(text, at);
    if (report && report.at === index) this.report(report, at, printer);
    else {
      if (mark === Mark.oops) this.oops(text, at, printer);
      else this.builder.instant(at, cpu >= 0 ? this.tracks.cpu(cpu).cpu : this.tracks.log, mark, text, text);
      if (report && report.to === index && report.cpu >= 0) this.told.runs.buried(report.cpu, at);
    }
  }

  /** What a line says of a CPU (drivers/acpi/acpi_processor.c, arch/x86/kernel/smpboot.c, virt/kvm/kvm_main.c). */
  private tell(text: string, at: Ordinal): void {
    const added = /CPU(\d+) has been hot-added/.exec(text);
    if (added) this.told.cpus.hotAdded(Number(added[1]), at);
    const gone = /CPU (\d+) is now offline/.exec(text);
    if (gone) this.told.cpus.saidOffline(Number(gone[1]), at);
    const failed = /enabling virtualization on CPU(\d+) failed/.exec(text);
    if (failed) this.told.virt.logFailure(Number(failed[1]), at);
  }

  private report(report: Report, at: Ordinal, printer: Printer): void {
    const cpu = report.cpu >= 0 ? report.cpu : printer.cpu;
    const tid = report.pid >= 0 ? report.pid : printer.tid;
    const text = describeReport(report);
    this.strike(report.mark, report.what, text, at, cpu, tid, report.comm || printer.comm);
    if (report.mark === Mark.oops && cpu >= 0 && report.function === 'kvm_spurious_fault')
      this.told.virt.faulted(cpu, at, `kvm_spurious_fault struck, called from ${report.caller}`);
  }

  /** An oops of which only the line in the trace is known: what stood in the report was not recorded. */
  private oops(text: string, at: Ordinal, printer: Printer): void {
    const where = printer.cpu >= 0 ? `; ${printer.comm} (${printer.tid}) on CPU ${printer.cpu}` : '';
    const isBug = text.startsWith('kernel BUG at ');
    this.strike(Mark.oops, text, text + where, at, printer.cpu, isBug ? printer.tid : -1, printer.comm);
  }

  private strike(mark: Mark, name: string, text: string, at: Ordinal, cpu: number, tid: number, comm: string): void {
    const { builder, tracks, told } = this;
    builder.instant(at, cpu >= 0 ? tracks.cpu(cpu).cpu : tracks.log, mark, name, text);
    const task = tid >= 0 ? tracks.task(tid) : undefined;
    if (task !== undefined) builder.instant(at, task, mark, name, text);
    if (mark !== Mark.oops || tid < 0) return;
    if (cpu >= 0) told.runs.died(cpu, tid, comm, at, text);
    told.tasks.died(tid, at, text);
  }
}

/** The CPU that a line is about, where the line can only come from that CPU; -1 otherwise. */
function cpuInText(text: string): number {
  const found = /enabling virtualization on CPU(\d+) failed/.exec(text);
  return found ? Number(found[1]) : -1;
}
