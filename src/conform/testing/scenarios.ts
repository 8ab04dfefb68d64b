/**
 * The scripts of the captures' scenarios, as acts in the words of capture.json. What an act gave is not here: the rig that
 * performs it writes that down. `[a, b]` are issued side by side.
 */
import type { RigKernel } from './rigs';

/** An act, as capture.json has it, without times and results. */
export interface Deed {
  readonly actor: string;
  readonly do: string;
  readonly [operand: string]: unknown;
}

export type Stage = Deed | readonly Deed[];

export interface Script {
  readonly name: string;
  readonly vendors: readonly ('amd' | 'intel')[];
  /** Only for kernels with the parameter enable_virt_at_load. */
  readonly onlineOnly?: boolean;
  readonly cpus: { readonly booted: number; readonly possible: number };
  readonly params?: Readonly<Record<string, unknown>>;
  readonly stages: (k: RigKernel) => Stage[];
}

const admin = (act: string, more: object = {}): Deed => ({ actor: 'admin', do: act, ...more });
const online = (cpu: number): Deed => admin('online', { cpu });
const offline = (cpu: number): Deed => admin('offline', { cpu });
/** What the rig reads after each act that matters. */
const look = (): Stage[] => [admin('read_online'), admin('read_state'), admin('observe')];
const trace = (): Deed => admin('trace');

const load = (k: RigKernel, args = ''): Stage[] =>
  k.vendor === 'amd'
    ? [...(args ? [admin('modprobe', { module: 'kvm', args })] : []), admin('modprobe', { module: 'kvm_amd' })]
    : [admin('modprobe', { module: 'irqbypass' }), admin('modprobe', { module: 'kvm', ...(args ? { args } : {}) }), admin('modprobe', { module: 'kvm_intel' })]; // prettier-ignore

/** Makes a VM with one vCPU and lets it run; `cpu` -1: pinned nowhere. */
function vm(k: RigKernel, name: string, cpu = -1): Stage[] {
  const actor = `vmm-${name}`;
  const task = k.vendor === 'amd' ? `vcpu-${name}` : 'vcpu0';
  const pin: Stage[] = cpu < 0 ? [] : [{ actor, do: 'affine', task, cpus: String(cpu) }];
  const run: Deed = { actor, do: 'run', vm: name, vcpu: 0, task };
  return [
    admin('start_vmm', { vmm: actor }),
    { actor, do: 'create_vm', vm: name },
    { actor, do: 'create_vcpu', vm: name, vcpu: 0 },
    // the VMM of the Intel rig pins its thread before it runs
    ...(k.vendor === 'amd' ? [{ actor, do: 'set_pause', after_halt_us: 20000 }, run, ...pin] : [...pin, run]),
  ];
}

const pin = (k: RigKernel, name: string, cpus: string): Deed =>
  ({ actor: `vmm-${name}`, do: 'affine', task: k.vendor === 'amd' ? `vcpu-${name}` : 'vcpu0', cpus }); // prettier-ignore
const stop = (name: string, of = name): Stage[] => [
  { actor: `vmm-${of}`, do: 'stop', vm: name },
  { actor: `vmm-${of}`, do: 'destroy_vm', vm: name },
];
/** A VMM of one thread that pins itself, runs its vCPU a few times and exits. */
const once = (name: string, cpu: number, returns = 3): Stage[] => [
  { actor: `vmm-${name}`, do: 'create_vm', vm: name },
  { actor: `vmm-${name}`, do: 'create_vcpu', vm: name, vcpu: 0 },
  { actor: `vmm-${name}`, do: 'affine', task: 'vmm', cpus: String(cpu) },
  { actor: `vmm-${name}`, do: 'run', vm: name, vcpu: 0, task: 'vmm', cpu, returns },
];
const arm = (k: RigKernel, cpu: number, mode = 'skip', returns: number | null = -5): Deed =>
  admin('arm_fault', { symbol: k.enable, cpus: String(cpu), mode, ...(returns === null ? {} : { returns }) });
const disarm = (): Deed => admin('disarm_fault');
const kill = (name: string): Deed => admin('kill', { task: `vmm-${name}`, signal: 9 });
const hotadd = (cpu: number, svm = 'on'): Deed => admin('hotadd', { cpu, svm, appeared: true });

const four = { booted: 4, possible: 6 };
const two = { booted: 2, possible: 2 };
const AMD = ['amd'] as const;
const INTEL = ['intel'] as const;

/** s2 and its kin: a hot-added CPU on which the enable fails in some way, and what comes after. */
const failing = (name: string, mode: string, returns: number | null, svm = 'on'): Script => ({
  name, vendors: AMD, cpus: four,
  stages: (k) => {
    const lies = returns === 0;
    const there = !k.online || lies;
    return [
      ...load(k), trace(), ...vm(k, 'a', 1), ...look(), hotadd(4, svm), ...look(),
      ...(svm === 'on' ? [arm(k, 4, mode, returns)] : []),
      online(4), ...look(), pin(k, 'a', '4'), ...look(),
      ...vm(k, 'b'), pin(k, 'b', '2'), ...(svm === 'on' ? [disarm()] : []),
      ...(there ? [offline(4), ...look()] : []), online(4), ...look(), pin(k, 'b', '4'), kill('a'), admin('read_modules'),
      kill('b'), admin('read_modules'), admin('rmmod', { module: 'kvm_amd' }), ...look(),
    ];
  },
}); // prettier-ignore

/** s5 and its kin: the enable fails while there is no VM. */
const before = (name: string, args: string, svm = 'on'): Script => ({
  name, vendors: AMD, cpus: four, onlineOnly: args !== '', ...(args ? { params: { enable_virt_at_load: false } } : {}),
  stages: (k) => {
    const made = k.online && args === '';
    const tries = (n: string): Stage[] => [{ actor: 'vmm-a', do: 'create_vm', vm: n }, ...(made ? [{ actor: 'vmm-a', do: 'create_vcpu', vm: n, vcpu: 0 }, { actor: 'vmm-a', do: 'destroy_vm', vm: n }] : [])]; // prettier-ignore
    return [
      ...load(k, args), trace(), ...look(), hotadd(4, svm), ...(svm === 'on' ? [arm(k, 4)] : []), online(4), ...look(),
      admin('start_vmm', { vmm: 'vmm-a' }), ...tries('a'), ...look(), ...tries('a.2'), ...(svm === 'on' ? [disarm()] : []),
      ...(svm === 'on' ? (made ? [online(4)] : []) : k.online ? [] : [offline(4)]), ...look(),
      { actor: 'vmm-a', do: 'create_vm', vm: 'a.3' },
      ...(svm === 'off' && !k.online ? [] : [
        { actor: 'vmm-a', do: 'create_vcpu', vm: 'a.3', vcpu: 0 },
        { actor: 'vmm-a', do: 'run', vm: 'a.3', vcpu: 0, task: 'vcpu-a' },
        { actor: 'vmm-a', do: 'affine', task: 'vcpu-a', cpus: svm === 'on' ? '4' : '2' }, ...look(), ...stop('a.3', 'a'),
      ]),
      ...look(),
    ];
  },
}); // prettier-ignore

/** v2 and its kin: CPU 1 comes back, and virtualization does not. */
const back = (name: string, mode: string, returns: number | null, spins: boolean, more: Partial<Script> = {}): Script => ({
  name, vendors: INTEL, cpus: two, ...more,
  stages: (k) => {
    const there = !k.online || returns === 0;
    const args = more.params ? 'enable_virt_at_load=0' : '';
    return [
      ...load(k, args), ...vm(k, 'A', 0), ...look(), trace(), offline(1), ...look(), arm(k, 1, mode, returns), online(1), ...look(),
      disarm(), ...(spins ? [{ actor: 'vmm-A', do: 'guest_spin', vm: 'A' }] : []), pin(k, 'A', '1'), ...look(),
      ...(there ? [] : [{ actor: 'vmm-A', do: 'guest_unspin', vm: 'A' }]),
      kill('A'), ...look(), ...once('B', 0), ...look(),
      ...(there ? [offline(1), ...look()] : []),
      ...(returns === 0 ? [] : [online(1), ...look(), ...once('D', 1), ...look()]),
    ];
  },
}); // prettier-ignore

export const SCRIPTS: readonly Script[] = [
  {
    name: 's1', vendors: AMD, cpus: four,
    stages: (k) => [...load(k), trace(), ...vm(k, 'a', 1), ...look(), hotadd(4), ...look(), online(4), ...look(), pin(k, 'a', '4'), ...look(), pin(k, 'a', 'all'), ...stop('a'), ...look()],
  },
  failing('s2', 'skip', -5),
  failing('s2n', 'natural', null, 'off'),
  failing('s2u', 'undo', -5),
  failing('s2z', 'skip', 0),
  {
    name: 's3', vendors: AMD, cpus: four,
    stages: (k) => [...load(k), trace(), ...vm(k, 'a', 1), ...look(), offline(3), ...look(), online(3), ...look(), pin(k, 'a', '3'), ...look(), pin(k, 'a', 'all'), ...stop('a'), ...look()],
  },
  {
    name: 's4', vendors: AMD, cpus: four,
    stages: (k) => [
      ...load(k), trace(), ...vm(k, 'a', 1), ...look(), offline(3), ...look(), arm(k, 3), online(3), ...look(), pin(k, 'a', '3'), ...look(),
      ...vm(k, 'b'), pin(k, 'b', '2'), disarm(), ...(k.online ? [] : [offline(3)]), ...look(), online(3), ...look(), pin(k, 'b', '3'), ...look(),
    ],
  },
  before('s5', ''),
  before('s5_evl0', 'enable_virt_at_load=0'),
  before('s5n', '', 'off'),
  {
    name: 's5m', vendors: AMD, cpus: four,
    stages: (k) => [
      trace(), ...look(), hotadd(4, 'off'), online(4), ...look(), ...load(k), admin('start_vmm', { vmm: 'vmm-a' }),
      { actor: 'vmm-a', do: 'create_vm', vm: 'a' }, offline(4), ...look(), ...load(k), { actor: 'vmm-a', do: 'create_vm', vm: 'a.2' }, ...look(), online(4), ...look(),
    ],
  },
  {
    name: 's6', vendors: AMD, cpus: four,
    stages: (k) => {
      const fails = (name: string, up: boolean): Stage[] => [
        up ? offline(3) : online(3), admin('set_fail', { cpu: 3, name }), admin('read_fail', { cpu: 3 }), up ? online(3) : offline(3),
        admin('read_fail', { cpu: 3 }), ...look(), up ? online(3) : offline(3),
      ];
      const kvm = k.online ? 'kvm/cpu:online' : 'kvm/cpu:starting';
      return [
        ...load(k), trace(), ...vm(k, 'a', 1),
        ...['workqueue:online', 'sched:active', 'workqueue:prepare', kvm, 'RCU/tree:dying'].flatMap((n) => fails(n, true)),
        ...['workqueue:online', 'sched:active', 'workqueue:prepare', kvm, 'smpboot/threads:online'].flatMap((n) => fails(n, false)),
        online(3), admin('set_target', { cpu: 3, name: 'offline', state: 0 }), ...look(),
        admin('set_target', { cpu: 3, name: 'workqueue:online' }), ...look(), admin('set_target', { cpu: 3, name: 'online' }), ...look(), ...stop('a'), ...look(),
      ];
    },
  },
  {
    name: 's7', vendors: AMD, cpus: four,
    stages: (k) => [
      ...load(k), trace(), ...vm(k, 'a', 1), ...look(), pin(k, 'a', '3'), offline(3), ...look(),
      { actor: 'vmm-a', do: 'read_affinity', task: 'vcpu-a' }, online(3), { actor: 'vmm-a', do: 'read_affinity', task: 'vcpu-a' }, pin(k, 'a', 'all'), offline(2), online(2),
      offline(1), offline(2), offline(3), ...look(), online(1), online(2), online(3), ...look(), ...stop('a'), ...look(),
    ],
  },
  {
    name: 's8', vendors: AMD, cpus: four,
    stages: () => [
      trace(),
      ...[1, 2, 3].flatMap((n): Stage[] => {
        const name = n === 1 ? 'ctest' : `ctest.${n}`;
        const of = (act: string, more: object = {}): Deed => ({ actor: 'vmm-ctest', do: act, vm: name, ...more });
        return [
          offline(3), [admin('modprobe', { module: 'kvm_amd', concurrent: true }), admin('online', { cpu: 3, concurrent: true })], ...look(),
          [of('create_vm'), admin('offline', { cpu: 3, concurrent: true })], [of('create_vcpu', { vcpu: 0 }), admin('online', { cpu: 3, concurrent: true })], of('destroy_vm'), ...look(),
          admin('rmmod', { module: 'kvm_amd' }),
        ];
      }),
    ],
  },
  {
    name: 's9', vendors: AMD, cpus: four,
    stages: (k) => [
      ...load(k), trace(), ...vm(k, 'a', 1), ...look(), admin('read_power', { value: 'state=freeze mem disk mem_sleep=s2idle [deep]' }), admin('write', { file: '/sys/power/mem_sleep', value: 'deep' }),
      admin('write', { file: '/sys/power/pm_test', value: 'processors' }), admin('suspend', { state: 'mem' }), ...look(), pin(k, 'a', '3'), pin(k, 'a', '1'), arm(k, 3),
      admin('suspend', { state: 'mem' }), ...look(), pin(k, 'a', '3'), ...look(), disarm(), online(3), ...look(), offline(3), ...look(), online(3), ...look(),
    ],
  },
  {
    name: 's11', vendors: AMD, cpus: { booted: 1, possible: 16 },
    stages: (k) => [
      ...load(k), ...look(), trace(), ...vm(k, 'a'), Array.from({ length: 15 }, (_, i) => admin('online', { cpu: i + 1, concurrent: true })), ...look(),
      pin(k, 'a', 'all'), ...Array.from({ length: 15 }, (_, i) => offline(i + 1)), ...look(), ...stop('a'),
    ],
  },
  {
    name: 'v1', vendors: INTEL, cpus: two,
    stages: (k) => [
      ...load(k), ...vm(k, 'A', 0), ...look(), trace(), offline(1), ...look(), online(1), ...look(), pin(k, 'A', '1'), ...look(), pin(k, 'A', '0'), ...look(),
      { actor: 'vmm-A', do: 'guest_spin', vm: 'A' }, pin(k, 'A', '1'), ...look(), { actor: 'vmm-A', do: 'guest_unspin', vm: 'A' }, admin('untrace'),
      admin('stop', { vm: 'A' }), ...look(),
    ],
  },
  back('v2', 'skip', -5, true),
  back('v2b', 'skip', -5, false),
  back('v2busy', 'natural', -16, true),
  back('v2lie', 'skip', 0, true),
  back('v2-load0', 'skip', -5, true, { onlineOnly: true, params: { enable_virt_at_load: false } }),
  ...['v3', 'v3b'].map((name): Script => ({
    name, vendors: INTEL, cpus: two, onlineOnly: name === 'v3b', ...(name === 'v3b' ? { params: { enable_virt_at_load: false } } : {}),
    stages: (k) => [
      ...load(k, name === 'v3b' ? 'enable_virt_at_load=0' : ''), ...look(), trace(), offline(1), ...look(), arm(k, 1), online(1), ...look(),
      { actor: 'vmm-A', do: 'create_vm', vm: 'A' }, ...look(), { actor: 'vmm-A2', do: 'create_vm', vm: 'A2' }, ...look(), disarm(),
      ...(k.online && name === 'v3' ? [online(1)] : []), ...once('B', 1), ...look(),
    ],
  })),
]; // prettier-ignore
