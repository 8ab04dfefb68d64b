/** The faults of a capture: what was armed, on which CPUs, and how often it struck. */
import { cpuList, number, text, type Act } from './acts';

/** A fault of the capture: armed from `from` to `to` on some CPUs. */
export interface Armed {
  readonly symbol: string;
  readonly cpus: readonly number[];
  readonly mode: string;
  readonly returns: number;
  readonly from: number;
  readonly to: number;
  /** How often it struck, by the capture; -1 where it was not read. */
  readonly hits: number;
}

/** One after another: the injector has one fault at a time. */
export function armedIn(acts: readonly Act[]): Armed[] {
  const all: Armed[] = [];
  let open: Act | null = null;
  const close = (to: number, hits: number): void => {
    if (open) all.push({ ...faultOf(open), to, hits });
    open = null;
  };
  for (const act of acts) {
    const hits = number(act, 'hits');
    if (act.do === 'arm_fault' || act.do === 'disarm_fault')
      close(act.t, act.do === 'arm_fault' || Number.isNaN(hits) ? -1 : hits);
    if (act.do === 'arm_fault') open = act;
  }
  close(Number.POSITIVE_INFINITY, -1);
  return all;
}

function faultOf(act: Act): Omit<Armed, 'to' | 'hits'> {
  const returns = number(act, 'returns');
  const mode = text(act, 'mode');
  return {
    symbol: text(act, 'symbol'),
    cpus: cpuList(act, 'cpus') ?? [],
    mode,
    // the function finds CR4.VMXE set and refuses by itself (captures' README)
    returns: mode === 'natural' && Number.isNaN(returns) ? -16 : returns,
    from: act.t,
  };
}
