/** Commands that act on the machine: each writes its line at the playhead. */
import type { Command, CommandFamily } from './registry';
import { act, armedEnable, type Act } from './store/acts';
import { nowOf } from './store/now';
import { whyNotAct } from './store/possible';
import { startEmpty } from './store/empty';
import { canLive, toggleLive } from './store/live';
import { get } from './store/store';

const doing = (id: string, title: string, what: Act, more: Partial<Command> = {}): Command => ({
  id: `act.${id}`,
  title,
  group: 'Act',
  keys: [],
  run: () => void act(what),
  when: () => whyNotAct(get(), what) === '',
  reason: () => whyNotAct(get(), what),
  ...more,
});

export const actCommands: readonly Command[] = [
  doing('hotadd', 'Hot-add a CPU', { kind: 'hotadd' }),
  doing('load', 'Load KVM', { kind: 'load' }, { about: 'modprobe kvm_intel, or kvm_amd' }),
  doing('unload', 'Unload KVM', { kind: 'unload' }, { about: 'rmmod' }),
  doing('startVm', 'Start a VM', { kind: 'start-vm' }, { about: 'loads KVM where it is not there' }),
  doing('startTd', 'Start a TD', { kind: 'start-td' }, { about: 'a trusted domain, on TDX' }),
  doing(
    'suspend',
    'Suspend and resume',
    { kind: 'suspend' },
    { about: 'S3: all CPUs but one go offline and come back' },
  ),
  doing('reboot', 'Restart the host', { kind: 'reboot' }, { about: 'the shutdown hooks; tasks go on meanwhile' }),
  {
    id: 'play.live',
    title: 'Free play: let time go on, or end it',
    group: 'Play',
    keys: ['Shift+L'],
    run: toggleLive,
    when: canLive,
    reason: () => 'a trace is shown, and what was captured is over',
    about: 'the run goes on in simulated time while you act',
  },
  {
    id: 'open.empty',
    title: 'Empty machine',
    group: 'Open',
    keys: ['e'],
    run: () => void startEmpty('plain'),
    about: 'free play: no script, and time goes on while you act',
  },
  {
    id: 'open.emptyTdx',
    title: 'Empty machine with TDX',
    group: 'Open',
    keys: [],
    run: () => void startEmpty('tdx'),
    about: 'free play on v6.17, with a BIOS that has set up TDX',
  },
];

/** CPUs that are listed one by one; any can be named. */
const MOST = 64;

const cpus = (): number[] => Array.from({ length: Math.min(MOST, get().run?.program.cpus ?? 0) }, (_, c) => c);
const vcpus = () => get().run?.program.vcpus ?? [];
const number = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : -1);

/** One command for each CPU. */
const perCpu = (verb: string, title: (cpu: number) => string, what: (cpu: number) => Act): CommandFamily => {
  const of = (cpu: number): Command => doing(`${verb}.${cpu}`, title(cpu), what(cpu), { minor: true });
  return {
    prefix: `act.${verb}.`,
    of: (rest) => (number(rest) >= 0 ? of(number(rest)) : undefined),
    list: () => cpus().map(of),
  };
};

function pinning(vcpu: number, cpu: number): Command {
  const name = vcpus()[vcpu]?.name ?? `vCPU ${vcpu}`;
  const where = cpu < 0 ? 'any CPU' : `CPU ${cpu}`;
  const id = `pin.${vcpu}.${cpu < 0 ? 'any' : cpu}`;
  return doing(id, cpu < 0 ? `Unpin ${name}` : `Pin ${name} to ${where}`, { kind: 'pin', vcpu, cpu }, { minor: true });
}

export const actFamilies: readonly CommandFamily[] = [
  perCpu(
    'hotadd',
    (cpu) => `Hot-add CPU ${cpu}`,
    (cpu) => ({ kind: 'hotadd', cpu }),
  ),
  perCpu(
    'hotremove',
    (cpu) => `Hot-remove CPU ${cpu}`,
    (cpu) => ({ kind: 'hotremove', cpu }),
  ),
  perCpu(
    'online',
    (cpu) => `Take CPU ${cpu} online`,
    (cpu) => ({ kind: 'online', cpu }),
  ),
  perCpu(
    'offline',
    (cpu) => `Take CPU ${cpu} offline`,
    (cpu) => ({ kind: 'offline', cpu }),
  ),
  perCpu(
    'fault',
    (cpu) => `${isArmed(cpu) ? 'Disarm' : 'Arm'} the failing enable on CPU ${cpu}`,
    (cpu) => ({ kind: 'fault', cpu }),
  ),
  {
    prefix: 'act.pin.',
    of: (rest) => {
      const [vcpu = '', cpu = ''] = rest.split('.');
      if (number(vcpu) < 0 || (cpu !== 'any' && number(cpu) < 0)) return undefined;
      return pinning(number(vcpu), cpu === 'any' ? -1 : number(cpu));
    },
    list: () => vcpus().flatMap((_, v) => [pinning(v, -1), ...cpus().map((c) => pinning(v, c))]).slice(0, 400), // prettier-ignore
  },
  {
    prefix: 'act.kill.',
    of: (rest) => (number(rest) >= 0 ? killing(number(rest)) : undefined),
    list: () => (get().run?.program.vms ?? []).map((_, vm) => killing(vm)),
  },
];

function killing(vm: number): Command {
  const name = get().run?.program.vms[vm] ?? `VM ${vm}`;
  return doing(`kill.${vm}`, `Kill the VMM of ${name}`, { kind: 'kill', vm }, { minor: true });
}

/** Is an enable on this CPU to fail, where the playhead is? */
export function isArmed(cpu: number): boolean {
  const now = nowOf(get());
  return now !== null && armedEnable(now, cpu) >= 0;
}
