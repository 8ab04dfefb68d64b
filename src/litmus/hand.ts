/**
 * Acts by hand: lines under an actor of their own (`you`), each at its moment of the run, in the order of time. So no
 * scripted actor is delayed by them, and the text alone makes the same run again.
 *
 *   you:    offline cpu2 at 1.2 ms
 *           arm cpu4 kvm_arch_hardware_enable returns -EIO at 1.4 ms
 */
import { addActions, isAction, join, scan, type Line } from './edit-lines';
import { nextCpu, withRoom } from './edit';

/** While an act of `you` has not returned, the next one is done by `you2`. */
const MOST_HANDS = 8;
const HAND = /^you\d*$/;
const MOMENT = /\bat\s+(\d+(?:\.\d+)?)\s*(ns|us|ms|s)\b/;
const UNIT: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** A moment as a text writes it: `812 us`, `1.2 ms`. */
export const momentText = (ns: number): string => (ns < 1e6 ? `${ns / 1e3} us` : `${ns / 1e6} ms`);

/** The roundest moment from `lo` to `hi` (nanoseconds, both included). */
export function roundMoment(lo: number, hi: number): number {
  for (let step = 1e9; step > 1; step /= 10) {
    for (const size of [step, step / 2]) {
      const at = Math.ceil(lo / size) * size;
      if (at <= hi) return at;
    }
  }
  return Math.ceil(lo);
}

/** The moment of an action's line; null where it names none. */
function momentOf(line: Line): number | null {
  const match = MOMENT.exec(line.code);
  return match && Math.round(Number(match[1]) * UNIT[match[2]!]!);
}

const isHand = (line: Line): boolean => line.kind === 'action' && line.words.length > 0 && HAND.test(line.actor);

/** An act by hand in a text. */
export interface HandAct {
  readonly actor: string;
  readonly text: string;
  /** Nanoseconds; of a line without a moment that of the line before it. */
  readonly at: number;
}

function timed(lines: readonly Line[]): Map<Line, number> {
  const last = new Map<string, number>();
  const found = new Map<Line, number>();
  for (const line of lines) {
    if (!isHand(line)) continue;
    const at = momentOf(line) ?? last.get(line.actor) ?? 0;
    last.set(line.actor, at);
    found.set(line, at);
  }
  return found;
}

/** The acts by hand of a text, in its order. */
export function handActs(text: string): readonly HandAct[] {
  return [...timed(scan(text))].map(([line, at]) => ({
    actor: line.actor,
    text: line.code.slice(line.column).replace(MOMENT, '').trim(),
    at,
  }));
}

/** Takes away the acts by hand that come after a moment (nanoseconds). */
export function withoutLater(text: string, ns: number): string {
  const lines = scan(text);
  const at = timed(lines);
  const gone = (line: Line): boolean => (at.get(line) ?? 0) > ns;
  if (!lines.some(gone)) return text;
  const named = new Set<string>();
  const kept: string[] = [];
  for (const line of lines) {
    if (gone(line)) continue;
    // The first line that stays under an actor bears its name.
    const bare = isHand(line) && !named.has(line.actor) && !line.code.startsWith(`${line.actor}:`);
    if (isHand(line)) named.add(line.actor);
    kept.push(bare ? `${line.actor}:`.padEnd(line.column) + line.raw.slice(line.column) : line.raw);
  }
  return join(kept);
}

/**
 * Adds actions at a moment (nanoseconds).
 * @param busy has this actor begun something there that has not returned?
 */
export function addActs(
  text: string,
  actions: readonly string[],
  ns: number,
  busy: (actor: string) => boolean = () => false,
): string {
  const names = Array.from({ length: MOST_HANDS }, (_, i) => (i === 0 ? 'you' : `you${i + 1}`));
  const actor = names.find((name) => !busy(name)) ?? names.at(-1)!;
  const at = momentText(ns);
  return addActions(
    scan(text),
    actor,
    actions.map((action) => `${action} at ${at}`),
  );
}

/** What hot-adds a CPU: the text with room for it, and the action. Without a CPU, the next one that is not there. */
export function hotAdd(text: string, cpu = nextCpu(text)): { readonly text: string; readonly actions: string[] } {
  return { text: withRoom(text, cpu), actions: [`hotadd cpu${cpu}`] };
}

/** The module of KVM that fits the text's machine. */
export function moduleOf(text: string): 'kvm_intel' | 'kvm_amd' {
  const machine = scan(text).find((l) => l.kind === 'directive' && l.words[0] === 'machine');
  return machine?.words.includes('amd') ? 'kvm_amd' : 'kvm_intel';
}

/**
 * What makes a VM or a TD and runs it.
 * @param loaded is KVM there already?
 */
export function startVm(text: string, kind: 'vm' | 'td', loaded: boolean): string[] {
  const lines = scan(text);
  const names = new Set(lines.flatMap((l) => (l.kind === 'action' && l.words[1] === '=' ? [l.words[0]!] : [])));
  let n = 0;
  while (names.has(`${kind}${n}`)) n++;
  const load = kind === 'td' ? `modprobe ${moduleOf(text)} tdx=1` : `modprobe ${moduleOf(text)}`;
  return [...(loaded ? [] : [load]), `${kind}${n} = create ${kind}, 1 vcpu`, `run ${kind}${n}`];
}

/** Does anybody load KVM in this text? */
export const loadsKvm = (text: string): boolean => scan(text).some((l) => isAction(l, 'modprobe'));
