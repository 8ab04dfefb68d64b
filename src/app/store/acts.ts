/**
 * Acts on the machine. Each one writes its line into the litmus text, under `you` and at the moment where the playhead is, and
 * the run is made again: up to there it stays what it was. What was done by hand later than that goes into a branch of its own.
 */
import { addActs, hotAdd, moduleOf, momentText, startVm, withoutLater } from '../../litmus/hand';
import { addFault, armed, setArmed, setKernel, ENABLE } from '../../litmus/edit';
import { forkPoint } from '../session/tree';
import { momentHere } from './moment';
import { isBusy, nowOf, type Now } from './now';
import { whyNotAct } from './possible';
import { get, set } from './store';
import { changeText } from './text';

export type Act =
  | { readonly kind: 'hotadd'; readonly cpu?: number }
  | { readonly kind: 'online' | 'offline' | 'hotremove' | 'fault'; readonly cpu: number }
  | { readonly kind: 'arm' | 'disarm'; readonly fault: FaultHere }
  | { readonly kind: 'start-vm' | 'start-td' | 'load' | 'unload' | 'suspend' | 'reboot' }
  | { readonly kind: 'kill'; readonly vm: number }
  | { readonly kind: 'kernel'; readonly name: string }
  | { readonly kind: 'pin'; readonly vcpu: number; readonly cpu: number };

/** A place where something can fail, and what it then returns. */
export interface FaultHere {
  /** -1: on any CPU. */
  readonly cpu: number;
  /** A function, or a hotplug state by constant, name or number. */
  readonly place: string;
  readonly direction?: 'up' | 'down';
  readonly returns: string;
  readonly once?: boolean;
}

/** Does it; false, and said why, where it cannot be done now. */
export function act(what: Act): boolean {
  const s = get();
  if (what.kind === 'kernel') {
    if (s.showing !== 'run') return false;
    changeText(setKernel(s.text, what.name), { label: `kernel ${what.name}` });
    return true;
  }
  const reason = whyNotAct(s, what);
  const now = nowOf(s);
  if (reason !== '' || now === null) {
    set({ notice: { tone: 'info', text: `${nameOf(what, now)} is not possible now: ${reason}.`, details: [] } });
    return false;
  }
  const at = momentHere(s, now);
  const early = lineOf(s.text, what, now);
  if (early !== null) {
    changeText(early, { label: nameOf(what, now) });
    return true;
  }
  const base = withoutLater(s.text, at);
  const { text, actions } = linesOf(base, what, now);
  const parent = forkPoint(s.session, at);
  changeText(
    addActs(text, actions, at, (actor) => isBusy(now, actor)),
    { label: `${actions.join('; ')} at ${momentText(at)}`, at, parent },
  );
  return true;
}

/** What armed at the very start is a fault like any other of the text: a line. Null: it is no such. */
function lineOf(text: string, what: Act, now: Now): string | null {
  if (now.done > 0) return null;
  if (what.kind === 'fault') return setArmed(text, what.cpu, !armed(text, what.cpu));
  return what.kind === 'arm' ? addFault(text, `fault   ${faultText(what.fault)}`) : null;
}

const faultText = ({ cpu, place, direction, returns, once }: FaultHere): string =>
  [cpu < 0 ? '' : `cpu${cpu}`, place, direction, `returns ${returns}`, once ? 'once' : ''].filter(Boolean).join(' ');

/** The enable of a CPU, which the 2021 question is about. */
const enableOf = (cpu: number): FaultHere => ({ cpu, place: ENABLE, returns: '-EIO' });

/** The fault of the text that makes an enable there fail now; -1 for none. */
export function armedEnable({ run, armed: isArmed }: Now, cpu: number): number {
  return run.program.faults.findIndex((f, i) => f.cpu === cpu && /hardware_enable/.test(f.text) && isArmed(i));
}

function linesOf(text: string, what: Exclude<Act, { kind: 'kernel' }>, now: Now): { text: string; actions: string[] } {
  const plain = (...actions: string[]): { text: string; actions: string[] } => ({ text, actions });
  switch (what.kind) {
    case 'hotadd':
      return hotAdd(text, what.cpu);
    case 'hotremove':
    case 'online':
    case 'offline':
      return plain(`${what.kind} cpu${what.cpu}`);
    case 'fault': {
      const fault = armedEnable(now, what.cpu);
      if (fault < 0) return plain(`arm ${faultText(enableOf(what.cpu))}`);
      return plain(`disarm cpu${what.cpu} ${now.run.litmus.setup.faults[fault]!.fn}`);
    }
    case 'arm':
      return plain(`arm ${faultText(what.fault)}`);
    case 'disarm': {
      const { cpu, place, direction } = what.fault;
      return plain(['disarm', cpu < 0 ? '' : `cpu${cpu}`, place, direction].filter(Boolean).join(' '));
    }
    case 'load':
      return plain(`modprobe ${moduleOf(text)}`);
    case 'unload':
      return plain(`rmmod ${moduleOf(text)}`);
    case 'start-vm':
    case 'start-td':
      return plain(...startVm(text, what.kind === 'start-vm' ? 'vm' : 'td', now.value('kvm_loaded') === 1));
    case 'suspend':
    case 'reboot':
      return plain(what.kind);
    case 'kill':
      return plain(`kill ${now.run.program.vms[what.vm]!}`);
    case 'pin':
      return plain(`affine ${now.run.program.vcpus[what.vcpu]!.name} to ${what.cpu < 0 ? 'any' : `cpu${what.cpu}`}`);
  }
}

/** What is done, in words. */
function nameOf(what: Exclude<Act, { kind: 'kernel' }>, now: Now | null): string {
  switch (what.kind) {
    case 'hotadd':
      return what.cpu === undefined ? 'Hot-adding a CPU' : `Hot-adding CPU ${what.cpu}`;
    case 'hotremove':
      return `Hot-removing CPU ${what.cpu}`;
    case 'online':
    case 'offline':
      return `Taking CPU ${what.cpu} ${what.kind}`;
    case 'fault':
      return `A failing enable on CPU ${what.cpu}`;
    case 'arm':
    case 'disarm':
      return `${what.kind === 'arm' ? 'Arming' : 'Disarming'} ${what.fault.place}`;
    case 'load':
      return 'Loading KVM';
    case 'unload':
      return 'Unloading KVM';
    case 'start-vm':
      return 'Starting a VM';
    case 'start-td':
      return 'Starting a TD';
    case 'suspend':
      return 'Suspending';
    case 'reboot':
      return 'Restarting';
    case 'kill':
      return `Killing the VMM of ${now?.run.program.vms[what.vm] ?? 'the VM'}`;
    case 'pin':
      return `Pinning ${now?.run.program.vcpus[what.vcpu]?.name ?? 'the vCPU'}`;
  }
}
