import { Mark, type Ordinal } from './columns';
import type { TimelineBuilder } from './builder';
import { Kind, type EventTable } from './ftrace-events';
import type { TraceTracks } from './trace-tracks';

/** Return probes whose negative value is what the writer of cpuN/online gets to see. */
const walks = /^_cpu_(up|down)$/;

/** The instants: every event that no slice, arrow or log line shows. */
export class TraceMarks {
  constructor(
    private readonly builder: TimelineBuilder,
    private readonly tracks: TraceTracks,
    private readonly table: EventTable,
  ) {}

  /** Returns false for kinds that are shown otherwise. */
  event(row: number, at: Ordinal): boolean {
    const t = this.table;
    const b = this.builder;
    const text = (id: number): string => t.strings.text(id);
    const cpu = t.cpu.data[row]!;
    switch (t.kind.data[row]!) {
      case Kind.kvmExit:
      case Kind.userExit: {
        const track = this.tracks.task(t.tid.data[row]!) ?? this.tracks.cpu(cpu).runs;
        b.instant(at, track, Mark.event, text(t.name.data[row]!), text(t.text.data[row]!));
        return true;
      }
      case Kind.func: {
        const name = text(t.d.data[row]!);
        b.instant(at, this.tracks.cpu(cpu).runs, Mark.event, name, `${name} <- ${text(t.e.data[row]!)}`);
        return true;
      }
      case Kind.probeRet: {
        const failed = t.e.data[row]! < 0 && walks.test(text(t.d.data[row]!));
        this.plain(row, at, failed ? Mark.failure : Mark.event);
        return true;
      }
      case Kind.fork:
      case Kind.exec:
      case Kind.exit:
      case Kind.probe:
      case Kind.ipiCpu:
      case Kind.ipiMask:
      case Kind.other:
        this.plain(row, at, Mark.event);
        return true;
      case Kind.mark: {
        const said = text(t.d.data[row]!);
        b.instant(at, this.tracks.log, Mark.note, said, said);
        const timeUs = this.time(row);
        b.logLine({ at, timeUs, cpu, text: said, mark: Mark.note, source: 'marker' });
        return true;
      }
      case Kind.lost: {
        const said = `${t.b.data[row]} events of CPU ${cpu} lost`;
        b.instant(at, this.tracks.cpu(cpu).runs, Mark.note, 'lost events', said);
        return true;
      }
      default:
        return false;
    }
  }

  private plain(row: number, at: Ordinal, mark: Mark): void {
    const t = this.table;
    const track = this.tracks.cpu(t.cpu.data[row]!).runs;
    this.builder.instant(at, track, mark, t.strings.text(t.name.data[row]!), t.strings.text(t.text.data[row]!));
  }

  private time(row: number): number {
    return this.table.time.data[row]! - this.table.time.data[0]!;
  }
}
