/** The actions of a capture, as the rest of `conform` reads them. Fields are as captures/README.md has them. */
import { cpusOfList, type Action, type Capture } from '../timeline/capture';

/** One action of capture.json. Times are microseconds of the trace's clock. */
export interface Act {
  /** Index in `capture.actions`. */
  readonly at: number;
  readonly t: number;
  /** null: the call never returned. */
  readonly tEnd: number | null;
  readonly actor: string;
  readonly do: string;
  /** 0, a negative errno, or null where it is not known. */
  readonly result: number | null;
  readonly cpu: number;
  readonly from: Action;
}

export function actsOf(capture: Capture): Act[] {
  return capture.actions.map((a, at) => ({
    at,
    t: Math.round(a.t * 1e6),
    tEnd: a.t_end === null ? null : Math.round(a.t_end * 1e6),
    actor: a.actor,
    do: a.do,
    result: a.result,
    cpu: a.cpu ?? -1,
    from: a,
  }));
}

/** A field that is text, or ''. */
export function text(act: Act, key: string): string {
  const value = act.from[key];
  return typeof value === 'string' ? value : '';
}

/** A field that is a number, or NaN. */
export function number(act: Act, key: string): number {
  const value = act.from[key];
  return typeof value === 'number' ? value : NaN;
}

/** CPUs of a list field ("0-3,6"); `all` is every CPU, as null. */
export function cpuList(act: Act, key: string): number[] | null {
  const value = text(act, key);
  return value === 'all' ? null : cpusOfList(value);
}

/** How an action is named in a message: "vmm-a: create_vm a". */
export function nameOf(act: Act): string {
  const operands = ['module', 'vm', 'vmm', 'task', 'symbol', 'name', 'state']
    .map((key) => act.from[key])
    .filter((v) => typeof v === 'string' || typeof v === 'number');
  const words = [act.do, ...(act.cpu >= 0 ? [`cpu${act.cpu}`] : []), ...operands];
  return `${act.actor}: ${words.join(' ')}`;
}
