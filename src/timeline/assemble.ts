import { placeDmesg, placeVmm, type Place } from './align';
import { Arrows } from './arrows';
import { TimelineBuilder } from './builder';
import { clockHints, cpusOfList, describeAction, type Capture } from './capture';
import { Mark, type Ordinal, type Timeline } from './columns';
import { CpuLane } from './cpu-lane';
import type { Dmesg } from './dmesg-import';
import { EventTable, Kind } from './ftrace-events';
import { HotplugLane } from './hotplug-lane';
import { KernelLog } from './kernel-log';
import { RunsLane } from './runs-lane';
import type { StateNames } from './states-import';
import { TaskLanes } from './task-lane';
import { findVcpuTasks, TaskBook } from './tasks';
import { TraceMarks } from './trace-marks';
import { TraceTracks } from './trace-tracks';
import { VirtLane } from './virt-lane';
import type { VmmLine, VmmLog } from './vmm-import';

/** Everything that a timeline of a real run can be made of; any part may be missing. */
export interface Sources {
  readonly title: string;
  readonly table?: EventTable;
  /** CPUs whose older entries were overwritten, with the row at which what is left begins. */
  readonly buffersStarted?: readonly { readonly cpu: number; readonly row: number }[];
  readonly dmesg?: Dmesg | undefined;
  readonly vmm?: VmmLog | undefined;
  readonly states?: StateNames | undefined;
  readonly capture?: Capture | undefined;
}

/** Something that is no event of the trace, and stands between two of them. It gets an ordinal of its own. */
interface Extra {
  /** It stands behind this row; -1: before the first. */
  readonly after: number;
  readonly timeUs: number;
  readonly run: (at: Ordinal, timeUs: number) => void;
}

const keptNotes = 200;

/**
 * Joins the events of a trace and the other files of a capture into one timeline. The trace's rows are the spine, in line order;
 * the lines of the other files are placed among them (see `align.ts`), and each event and each such line has its ordinal.
 * Lines from before the trace began are in the log only.
 */
export function assemble(sources: Sources): { timeline: Timeline; notes: string[] } {
  return new Assembly(sources).run();
}

class Assembly {
  private readonly table: EventTable;
  private readonly builder: TimelineBuilder;
  private readonly tracks: TraceTracks;
  private readonly book: TaskBook;
  private readonly lanes: {
    hotplug: HotplugLane;
    virt: VirtLane;
    runs: RunsLane;
    tasks: TaskLanes;
    cpus: CpuLane;
    arrows: Arrows;
    marks: TraceMarks;
  };
  private readonly kernelLog: KernelLog;
  private readonly notes: string[] = [];
  private readonly extras: Extra[] = [];
  private readonly originUs: number;
  /** Lines of dmesg that are rows of the trace: row -> index of the line. */
  private readonly lineOfRow = new Map<number, number>();
  /** The task that last left a guest on each CPU, for VMM lines that do not name their thread. */
  private readonly lastGuest = new Map<number, number>();
  private lastTime = 0;

  constructor(private readonly sources: Sources) {
    const { dmesg, vmm, states = new Map<number, string>() } = sources;
    this.table = sources.table ?? new EventTable();
    const { table } = this;
    const firstStamp = dmesg?.lines.find((l) => !Number.isNaN(l.stampUs))?.stampUs ?? vmm?.lines[0]?.timeUs ?? 0;
    this.originUs = table.length > 0 ? table.time.data[0]! : Number.isNaN(firstStamp) ? 0 : firstStamp;
    const builder = new TimelineBuilder(sources.title, 'trace', this.originUs);
    const tracks = new TraceTracks(builder);
    this.builder = builder;
    this.tracks = tracks;
    this.book = new TaskBook(table);
    this.addTaskTracks();
    const note = (text: string, at: Ordinal, cpu: number): void => {
      this.note(text);
      builder.instant(
        Math.max(0, Math.min(at, builder.length - 1)),
        tracks.cpu(cpu).hotplug,
        Mark.note,
        'unpaired',
        text,
      );
    };
    const runs = new RunsLane(builder, tracks, table, this.book);
    const offline = (cpu: number, at: Ordinal): void => runs.offline(cpu, at);
    this.lanes = {
      hotplug: new HotplugLane(builder, tracks, table, states, offline, note),
      virt: new VirtLane(builder, tracks, table),
      runs,
      tasks: new TaskLanes(builder, tracks, table),
      cpus: new CpuLane(builder, tracks),
      arrows: new Arrows(builder, tracks, table, this.book),
      marks: new TraceMarks(builder, tracks, table),
    };
    this.kernelLog = new KernelLog(builder, tracks, this.lanes, dmesg);
  }

  run(): { timeline: Timeline; notes: string[] } {
    const { table, lanes } = this;
    this.gatherGaps();
    this.gatherDmesg();
    this.gatherVmm();
    this.gatherCapture();
    // Stable: extras of one moment keep the order in which they were gathered.
    this.extras.sort((a, b) => a.after - b.after || a.timeUs - b.timeUs);
    let next = 0;
    for (let row = -1; row < table.length; row++) {
      if (row >= 0) this.row(row);
      for (; next < this.extras.length && this.extras[next]!.after <= row; next++) {
        const { timeUs, run } = this.extras[next]!;
        const at = this.tick(timeUs);
        run(at, this.lastTime);
      }
    }
    const end = this.builder.length;
    lanes.arrows.finish();
    lanes.runs.finish(end);
    lanes.tasks.finish(end);
    const operations = lanes.hotplug.finish(end);
    const virt = lanes.virt.finish(end);
    lanes.cpus.finish(end, operations, virt);
    return { timeline: this.builder.finish(), notes: this.notes };
  }

  /** The next ordinal, at a time of the trace's clock; a stamp that goes back stands where the line before it stood. */
  private tick(timeUs: number): Ordinal {
    const time = timeUs - this.originUs;
    if (time > this.lastTime) this.lastTime = time;
    return this.builder.tick(this.lastTime);
  }

  private row(row: number): void {
    const { table, lanes } = this;
    const at = this.tick(table.time.data[row]!);
    const kind = table.kind.data[row]!;
    const cpu = table.cpu.data[row]!;
    const tid = table.tid.data[row]!;
    this.book.see(row);
    if (kind !== Kind.lost) lanes.cpus.printed(cpu, at);
    lanes.runs.event(row, at);
    lanes.tasks.event(row, at);
    lanes.virt.event(row, at);
    lanes.arrows.event(row, at);
    if (kind === Kind.cpuhpEnter || kind === Kind.cpuhpExit) lanes.hotplug.event(row, at, this.book.comm(tid, row));
    else if (kind === Kind.kvmExit) this.lastGuest.set(cpu, tid);
    if (kind === Kind.console) {
      const index = this.lineOfRow.get(row) ?? -1;
      const text = table.strings.text(table.d.data[row]!);
      this.kernelLog.line(text, index, at, this.lastTime, { cpu, tid, comm: this.book.comm(tid, row) });
    } else lanes.marks.event(row, at);
  }

  private note(text: string): void {
    if (this.notes.length < keptNotes) this.notes.push(text);
    else if (this.notes.length === keptNotes) this.notes.push('further notes left out');
  }

  private addTaskTracks(): void {
    const { vcpus, loaders } = findVcpuTasks(this.table);
    const deaths = (this.sources.dmesg?.reports ?? []).filter((r) => r.mark === Mark.oops && r.pid > 0);
    const victims = new Map(deaths.map((r) => [r.pid, r.comm]));
    const runs = new Set(this.sources.vmm?.lines.filter((l) => l.is === 'run' && l.tid > 0).map((l) => l.tid) ?? []);
    for (const [tid, comm] of vcpus) this.tracks.addTask(tid, comm, 'vcpu');
    // A task that died while it loaded a vCPU was about to run it.
    for (const [tid, comm] of loaders)
      this.tracks.addTask(tid, comm, victims.has(tid) || runs.has(tid) ? 'vcpu' : 'task');
    for (const [tid, comm] of victims) this.tracks.addTask(tid, comm, 'task');
  }

  /** Between two buffers, and behind the last one, nothing is known but what the other files tell. */
  private gatherGaps(): void {
    const { table } = this;
    const files = table.files.filter((f) => f.to > f.from);
    const reported = this.sources.dmesg !== undefined;
    files.forEach((file, i) => {
      const last = file.to - 1;
      const next = files[i + 1];
      const said = next ? `${file.name} ends; what lies before ${next.name} was not recorded` : `${file.name} ends`;
      if (next) this.note(`${said} (${seconds(table.time.data[last]!)} to ${seconds(table.time.data[next.from]!)})`);
      this.extras.push({
        after: last,
        timeUs: table.time.data[last]!,
        run: (at) => {
          this.builder.instant(at, this.tracks.log, Mark.note, next ? 'gap' : 'end of trace', said);
          this.lanes.arrows.gap();
          this.lanes.runs.gap(at, reported);
          this.lanes.tasks.gap(at);
          this.lanes.hotplug.gap(at);
          this.lanes.virt.gap(at);
          this.lanes.cpus.gap(at);
        },
      });
    });
    for (const { cpu, row } of this.sources.buffersStarted ?? []) {
      const said = `the buffer of CPU ${cpu} starts here: what it had recorded before was overwritten`;
      const timeUs = row > 0 ? table.time.data[row - 1]! : this.originUs;
      this.extras.push({
        after: row - 1,
        timeUs,
        run: (at) => this.builder.instant(at, this.tracks.cpu(cpu).runs, Mark.note, 'buffer started', said),
      });
    }
  }

  private gatherDmesg(): void {
    const { dmesg, capture } = this.sources;
    if (!dmesg) return;
    const hints = capture ? clockHints(capture) : undefined;
    const placed = placeDmesg(dmesg, this.table, {
      shiftUs: hints?.dmesgShiftUs ?? NaN,
      moments: hints?.deaths ?? [],
    });
    if (this.table.length > 0) this.note(placed.note);
    const nobody = { cpu: -1, tid: -1, comm: '' };
    dmesg.lines.forEach((line, i) => {
      const place = placed.places[i]!;
      if (place.row >= 0) this.lineOfRow.set(place.row, i);
      else this.place(place, line.stampUs, (at, timeUs) => this.kernelLog.line(line.text, i, at, timeUs, nobody));
    });
  }

  private gatherVmm(): void {
    const { vmm, capture } = this.sources;
    if (!vmm) return;
    const places = placeVmm(vmm, this.table, capture ? clockHints(capture).vmmShiftUs : 0);
    const ownTime = this.table.length === 0;
    vmm.lines.forEach((line, i) => {
      const place = places[i]!;
      this.place(place, ownTime ? line.timeUs : NaN, (at, timeUs) => this.vmmLine(line, at, timeUs));
    });
    const remarks = vmm.lines.filter((l) => l.is === 'remark');
    if (remarks.length > 0)
      this.note(`${vmm.file}: ${remarks.length} remarks, the first in line ${remarks[0]!.line}: ${remarks[0]!.text}`);
  }

  /** Puts a line among the rows; one from before the first row runs at once, without an ordinal. */
  private place(place: Place, ownUs: number, run: (at: Ordinal | undefined, timeUs: number) => void): void {
    if (this.table.length > 0 && place.after < 0) {
      const timeUs = Number.isFinite(place.timeUs) ? place.timeUs - this.originUs : 0;
      run(undefined, timeUs);
      return;
    }
    const timeUs = Number.isFinite(place.timeUs) ? place.timeUs : Number.isNaN(ownUs) ? this.originUs : ownUs;
    this.extras.push({ after: this.table.length > 0 ? place.after : -1, timeUs, run });
  }

  private vmmLine(line: VmmLine, at: Ordinal | undefined, timeUs: number): void {
    const mark = line.is === 'remark' ? Mark.note : line.failed ? Mark.failure : Mark.syscall;
    this.builder.logLine({ at: at ?? 0, timeUs, cpu: line.cpu, text: line.text, mark, source: 'vmm' });
    if (at === undefined) return;
    let tid = line.tid;
    if (tid < 0 && line.is === 'run' && line.cpu >= 0) tid = this.lastGuest.get(line.cpu) ?? -1;
    const track = (tid > 0 ? this.tracks.task(tid) : undefined) ?? this.tracks.log;
    this.builder.instant(at, track, mark, line.name, line.text);
  }

  private gatherCapture(): void {
    const { capture } = this.sources;
    if (!capture || this.table.length === 0) return;
    const at = (t: number, run: Extra['run']): void => {
      const timeUs = Math.round(t * 1e6);
      const { data: times } = this.table.time;
      let after = this.table.length - 1;
      while (after >= 0 && times[after]! > timeUs) after--;
      if (after >= 0) this.extras.push({ after, timeUs, run });
    };
    const { cpus, virt } = this.lanes;
    for (const reading of capture.observed.virt_on ?? [])
      at(reading.t, (ordinal) => {
        const said = Object.entries(reading.cpus).map(
          ([cpu, on]) => `CPU ${cpu} ${on === null ? '?' : on ? 'on' : 'off'}`,
        );
        const text = `virtualization as read (${reading.label}): ${said.join(', ')}`;
        this.builder.instant(ordinal, this.tracks.log, Mark.note, 'reading', text);
        for (const [cpu, on] of Object.entries(reading.cpus))
          if (on !== null) virt.reading(Number(cpu), ordinal, on, reading.label || 'by the capture');
      });
    for (const action of capture.actions) {
      if (action.do === 'read_online') {
        at(action.t, (ordinal) => {
          for (const cpu of cpusOfList(action.online ?? '')) cpus.reading(cpu, ordinal, 'online');
          const present = action.present === undefined ? undefined : cpusOfList(action.present);
          for (const cpu of cpusOfList(action.offline ?? ''))
            cpus.reading(cpu, ordinal, present && !present.includes(cpu) ? 'absent' : 'offline');
        });
      }
      if (action.do.startsWith('read_')) continue;
      at(action.t_end ?? action.t, (ordinal) => {
        const failed = (action.result ?? 0) < 0;
        const track = action.cpu === undefined ? this.tracks.log : this.tracks.cpu(action.cpu).cpu;
        const text = describeAction(action);
        this.builder.instant(ordinal, track, failed ? Mark.failure : Mark.syscall, action.do, text);
      });
    }
    if (capture.observed.host && capture.observed.host !== 'alive')
      this.note(`the host ended up ${capture.observed.host}, says the capture`);
  }
}

const seconds = (us: number): string => `${(us / 1e6).toFixed(6)} s`;
