/** The litmus text of a script, act by act, and where each act stands in it. Nothing of `derive` is used here. */
import type { RigKernel } from './rigs';
import type { Deed, Script } from './scenarios';

/** An act with its place in the text. */
export interface Placed {
  readonly deed: Deed;
  /** Acts of one stage are issued side by side. */
  readonly stage: number;
  /** Actor of the text, -1 where the text has no action for it. */
  readonly actor: number;
  /** Its first action among that actor's, and how many it stands for. */
  readonly index: number;
  readonly count: number;
  /** It was done before the act that the text has first. */
  readonly early: boolean;
}

const idOf = (vm: unknown): string => String(vm).replace(/\W/g, '_');

/** `hardware`: properties of CPUs that the kernel's text knows. */
export function textOf(
  script: Script,
  kernel: RigKernel,
  model: string,
  hardware: ReadonlySet<string>,
): { text: string; placed: Placed[] } {
  const stages = script.stages(kernel).map((s) => (Array.isArray(s) ? (s as Deed[]) : [s as Deed]));
  const all = stages.flat();
  const lanes: { name: string; words: string[] }[] = [];
  const placed: Placed[] = [];
  const vmOf = (deed: Deed): string => {
    const mine = all.filter((d) => d.actor === deed.actor && d.do === 'create_vm').map((d) => idOf(d['vm']));
    const before = all
      .slice(0, all.indexOf(deed))
      .filter((d) => d.actor === deed.actor && d.do === 'run')
      .at(-1);
    return before ? idOf(before['vm']) : mine[0]!;
  };
  const early: { deed: Deed; stage: number }[] = [];
  stages.forEach((stage, s) => {
    const taken = new Set<string>();
    for (const deed of stage) {
      if (isEarly(deed, all)) {
        early.push({ deed, stage: s });
        continue;
      }
      const words = wordsOf(deed, vmOf, all, script);
      if (words.length === 0) {
        placed.push({ deed, stage: s, actor: -1, index: 0, count: 0, early: false });
        continue;
      }
      let name = deed.actor;
      for (let n = 2; taken.has(name); n++) name = `${deed.actor}-${n}`;
      taken.add(name);
      let lane = lanes.findIndex((l) => l.name === name);
      if (lane < 0) lane = lanes.push({ name, words: [] }) - 1;
      placed.push({ deed, stage: s, actor: lane, index: lanes[lane]!.words.length, count: words.length, early: false });
      lanes[lane]!.words.push(...words);
      if (deed.do !== 'run') continue;
      for (const e of early.splice(0)) {
        placed.push({ deed: e.deed, stage: e.stage, actor: -1, index: 0, count: 0, early: true });
        const at = placed.findIndex((p) => p.deed === deed);
        placed[at] = { ...placed[at]!, count: placed[at]!.count + 1 };
        lanes[lane]!.words.push(...affine(e.deed, idOf(deed['vm'])));
      }
    }
  });
  placed.sort((a, b) => a.stage - b.stage);
  const added = all.filter((d) => d.do === 'hotadd').map((d) => Number(d['cpu']));
  const { booted, possible } = script.cpus;
  const bare = all.filter((d) => d.do === 'hotadd' && d['svm'] === 'off').map((d) => Number(d['cpu']));
  const faults = new Set(all.filter((d) => d.do === 'arm_fault').map((d) => `maybe fault cpu${String(d['cpus'])} ${String(d['symbol'])} returns ${Number(d['returns'] ?? -16) === 0 ? '0' : Number(d['returns'] ?? -16) === -5 ? '-EIO' : '-EBUSY'}`)); // prettier-ignore
  const offline = booted === 1 ? possible - booted : 0;
  const text = [
    `litmus made-${script.name}`,
    '"made"',
    `kernel ${model}`,
    `machine ${kernel.vendor}, cpus ${booted}${offline > 0 ? ` + ${offline} offline` : possible > booted ? ` + ${possible - booted} hot-addable` : ''}${kernel.vendor === 'amd' && booted === 4 ? ', packages 3' : ''}`,
    ...(bare.length > 0 && hardware.has('cpu_svm') ? bare.map((c) => `hardware cpu${c} cpu_svm=0`) : []),
    ...(kernel.vendor === 'amd' && hardware.has('tsc_constant') ? ['hardware tsc_constant=0'] : []),
    ...lanes.flatMap((l) => l.words.map((w, i) => `${i === 0 ? `${l.name}: ` : '    '}${w}`)),
    ...faults,
  ].join('\n');
  void added;
  return { text: `${text}\n`, placed };
}

/** A thread is pinned before it runs: the text has that behind its `run`. */
function isEarly(deed: Deed, all: readonly Deed[]): boolean {
  if (deed.do !== 'affine' || deed['task'] === 'vmm') return false;
  const at = all.indexOf(deed);
  const ran = all.slice(0, at).some((d) => d.actor === deed.actor && d.do === 'run');
  return !ran && all.slice(at).some((d) => d.actor === deed.actor && d.do === 'run');
}

function affine(deed: Deed, vm: string): string[] {
  return [`affine ${vm}.vcpu0 to ${deed['cpus'] === 'all' ? 'any' : `cpu${String(deed['cpus'])}`}`];
}

function wordsOf(deed: Deed, vmOf: (d: Deed) => string, all: readonly Deed[], script: Script): string[] {
  const vm = idOf(deed['vm'] ?? '');
  const cpu = `cpu${String(deed['cpu'])}`;
  switch (deed.do) {
    case 'modprobe':
      return deed['module'] === 'kvm_amd' || deed['module'] === 'kvm_intel'
        ? [
            `modprobe ${deed['module']}${script.params?.['enable_virt_at_load'] === false ? ' kvm.enable_virt_at_load=0' : ''}`,
          ]
        : [];
    case 'rmmod':
      return [`rmmod ${String(deed['module'])}`];
    case 'create_vm':
      return [`${vm} = create vm, 1 vcpu`];
    case 'create_vcpu':
      return [`create_vcpu ${vm}.vcpu0`];
    case 'run': {
      if (deed['task'] === 'vmm') return [`run_main ${vm} ${cpu} ${String(deed['returns'])}`];
      const halts = all.some((d) => d.do === 'set_pause' && d.actor === deed.actor);
      return [`run ${vm}${halts ? ', halting' : ''}`];
    }
    case 'affine':
      return deed['task'] === 'vmm' ? [] : affine(deed, vmOf(deed));
    case 'stop':
      return deed.actor === 'admin' ? [`stop ${vm}`, `destroy ${vm}`] : [`stop ${vm}`];
    case 'destroy_vm':
      return [`destroy ${vm}`];
    case 'kill':
      return [`kill ${idOf(String(deed['task']).replace(/^vmm-/, ''))}`];
    case 'hotadd':
    case 'online':
    case 'offline':
      return [`${deed.do} ${cpu}`];
    case 'set_fail':
    case 'set_target':
      return [`${deed.do} ${cpu} ${String(deed['name'])}`];
    case 'suspend':
      return ['suspend'];
    case 'write':
      return deed['file'] === '/sys/power/pm_test' ? ['pm_test 1'] : [];
    default:
      return [];
  }
}
