/** The TDX module by itself, leaf by leaf on chosen CPUs, against tables 1.2 to 1.7 of the TDX facts. */
import { describe, expect, it } from 'vitest';
import { load } from './load';
import { run } from '../machine/run';

/** A kernel that does nothing with TDX but what an actor asks for; each leaf logs the upper half of its status. */
const BARE = `kernel bare over v6.12 : tdx-status, tdx-module, tdx-td
release 0
action vmx_on(cpu) "model" { on cpu cpu call vmx_goes_on(); return 0 }
fn vmx_goes_on(cpu) "model" { vmxon[cpu] = true }
replace action vmx_off(cpu) "model" { vmxon[cpu] = false; return 0 }
global word told
${[
  'SYS_INIT:TDH_SYS_INIT(cpu)',
  'LP_INIT:TDH_SYS_LP_INIT(cpu)',
  'SYS_RD:TDH_SYS_RD()',
  'SYS_CONFIG:TDH_SYS_CONFIG()',
  'KEY_CONFIG:TDH_SYS_KEY_CONFIG()',
  'TDMR_INIT:TDH_SYS_TDMR_INIT()',
  'LP_SHUTDOWN:TDH_SYS_LP_SHUTDOWN(cpu)',
  'SHUTDOWN:TDH_SYS_SHUTDOWN()',
  'UPDATE:TDH_SYS_UPDATE()',
  'DISABLE:TDH_SYS_DISABLE()',
  'INSTALL:SEAMLDR_INSTALL(cpu)',
  'CACHE_WB:TDH_PHYMEM_CACHE_WB()',
]
  .map((leaf) => {
    const [name, call] = leaf.split(':');
    return `fn do_${name}(cpu) "model" { told = ${call} }
action ${name}(cpu) "model" { on cpu cpu call do_${name}(); log "${name} %X", told; return 0 }`;
  })
  .join('\n')}
${['MNG_CREATE', 'MNG_KEY_CONFIG', 'MNG_ADDCX', 'MNG_INIT', 'MR_FINALIZE', 'VPFLUSHDONE', 'FREEID', 'RECLAIM']
  .map((name) => {
    const leaf =
      { VPFLUSHDONE: 'MNG_VPFLUSHDONE', FREEID: 'MNG_KEY_FREEID', RECLAIM: 'PHYMEM_PAGE_RECLAIM' }[name] ?? name;
    return `fn do_${name}(cpu, vm) "model" { told = TDH_${leaf}(vm) }
action ${name}(cpu, vm) "model" { on cpu cpu call do_${name}(vm); log "${name} %X", told; return 0 }`;
  })
  .join('\n')}
${['VP_CREATE', 'VP_INIT', 'VP_ENTER', 'VP_FLUSH']
  .map(
    (name) => `fn do_${name}(cpu, vcpu) "model" { told = TDH_${name}(vcpu) }
action ${name}(cpu, vcpu) "model" { on cpu cpu call do_${name}(vcpu); log "${name} %X", told; return 0 }`,
  )
  .join('\n')}
replace action create_vm(vm) "model" { return 0 }
`;

/** What each leaf of the script came to: `LP_INIT cpu1` of a line becomes "LP_INIT 00000000". */
function seam(script: string, { machine = 'cpus 2 + 1 hot-addable', hardware = '' } = {}): string[] {
  const cpus = Number(/cpus (\d+)/.exec(machine)![1]);
  const all = Array.from({ length: cpus }, (_, c) => `vmx_on cpu${c}`);
  const lines = [
    'td = create td, 2 vcpus',
    ...all,
    ...script
      .split('\n')
      .map((l) => l.trim())
      .filter((l) => l !== ''),
  ];
  const text = [
    'litmus seam', 'kernel bare', `machine intel, ${machine}`,
    'hardware tdx_bios=1', ...hardware.split('\n').filter((l) => l !== ''),
    `a: ${lines[0]!}`, ...lines.slice(1).map((l) => `   ${l}`), '',
  ].join('\n'); // prettier-ignore
  const loaded = load(text, 'seam.litmus', { edited: [{ file: 'bare.kern', source: BARE }] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems[0]));
  const r = run(loaded.program);
  expect(r.error).toBeNull();
  return [...r.history.effects.values()]
    .flatMap((effects) => effects.flatMap((e) => (e.kind === 'log' ? [e.text] : [])))
    .filter((line) => /^[A-Z_]+ [0-9a-f]{8}$/.test(line));
}

const OK = '00000000';
/** Both CPUs of the default machine up to a ready module. */
const UP = 'SYS_INIT cpu0\nLP_INIT cpu0\nLP_INIT cpu1\nSYS_CONFIG cpu0\nKEY_CONFIG cpu0\n';
const last = (lines: string[]): string => lines.at(-1)!;
const HOT = 'online cpu2\n vmx_on cpu2\n';

describe('SEAMCALL (tdx 1.2)', () => {
  it('outside of VMX operation is #UD, before anything else', () => {
    expect(last(seam('hotadd cpu2\nonline cpu2\nLP_INIT cpu2'))).toBe('LP_INIT 8000ff06');
  });
  it('where SEAMRR is not valid is #GP', () => {
    expect(last(seam('hotadd cpu2\nonline cpu2\nvmx_on cpu2\nLP_INIT cpu2'))).toBe('LP_INIT 8000ff0d');
  });
  it('without BIOS support is #GP on every CPU', () => {
    expect(last(seam('SYS_INIT cpu0', { hardware: 'hardware tdx_bios=0' }))).toBe('SYS_INIT 8000ff0d');
  });
  it('without the module is VMfailInvalid', () => {
    expect(last(seam('SYS_INIT cpu0', { hardware: 'hardware tdx_module_loaded=0' }))).toBe('SYS_INIT 8000ffff');
  });
});

describe('the global state machine (tdx 1.3)', () => {
  it('comes up: INIT, LP.INIT on every CPU, CONFIG, KEY.CONFIG per package, TDMR.INIT', () => {
    expect(seam(`${UP}TDMR_INIT cpu1`)).toEqual(
      ['SYS_INIT', 'LP_INIT', 'LP_INIT', 'SYS_CONFIG', 'KEY_CONFIG', 'TDMR_INIT'].map((leaf) => `${leaf} ${OK}`),
    );
  });
  it.each([
    ['SYS.INIT row: a second one', 'SYS_INIT cpu0\nSYS_INIT cpu1', 'SYS_INIT c0000500'],
    ['SYS.LP.INIT row: before SYS.INIT', 'LP_INIT cpu0', 'LP_INIT c000050b'],
    ['SYS.LP.INIT row: twice on a CPU', 'SYS_INIT cpu0\nLP_INIT cpu0\nLP_INIT cpu0', 'LP_INIT c0000503'],
    ['SYS.LP.INIT row: the module is ready already', `${UP}LP_INIT cpu0`, 'LP_INIT c000050b'],
    [
      'SYS.INFO/RD row: LP.INIT was not done on this CPU',
      'SYS_INIT cpu0\nLP_INIT cpu0\nSYS_RD cpu1',
      'SYS_RD c0000502',
    ],
    ['SYS.CONFIG row: before SYS.INIT', 'SYS_CONFIG cpu0', 'SYS_CONFIG c000050c'],
    [
      'SYS.CONFIG row: a counted CPU without LP.INIT',
      'SYS_INIT cpu0\nLP_INIT cpu0\nSYS_CONFIG cpu0',
      'SYS_CONFIG c000050c',
    ],
    ['SYS.CONFIG row: twice', `${UP}SYS_CONFIG cpu0`, 'SYS_CONFIG c000050c'],
    [
      'SYS.KEY.CONFIG row: twice on a package',
      'SYS_INIT cpu0\nLP_INIT cpu0\nLP_INIT cpu1\nLP_INIT cpu2\nLP_INIT cpu3\nSYS_CONFIG cpu0\nKEY_CONFIG cpu0\nKEY_CONFIG cpu1',
      'KEY_CONFIG 00000815',
      'cpus 4, packages 2',
    ],
    ['SYS.KEY.CONFIG row: before SYS.CONFIG', 'SYS_INIT cpu0\nKEY_CONFIG cpu0', 'KEY_CONFIG c0000507'],
    [
      'SYS.TDMR.INIT row: a package has no key',
      'SYS_INIT cpu0\nLP_INIT cpu0\nLP_INIT cpu1\nLP_INIT cpu2\nLP_INIT cpu3\nSYS_CONFIG cpu0\nKEY_CONFIG cpu0\nTDMR_INIT cpu0',
      'TDMR_INIT c0000505',
      'cpus 4, packages 2',
    ],
    ['SYS.SHUTDOWN row: the module is not ready', 'SYS_INIT cpu0\nSHUTDOWN cpu0', 'SHUTDOWN c0000505'],
    ['SYS.SHUTDOWN row: every leaf after it', `${UP}SHUTDOWN cpu0\nTDMR_INIT cpu0`, 'TDMR_INIT c0000506'],
    ['SYS.UPDATE row: a counted CPU without LP.INIT', 'SYS_INIT cpu0\nLP_INIT cpu0\nUPDATE cpu0', 'UPDATE c0000508'],
    ['SYS.DISABLE row: a next kernel may begin', `${UP}DISABLE cpu0\nSYS_INIT cpu0`, `SYS_INIT ${OK}`],
  ])('%s', (_, script, status, machine?: string) => {
    expect(last(seam(script, machine ? { machine } : {}))).toBe(status);
  });
  it('SYS.UPDATE row: takes the place of CONFIG, KEY.CONFIG and TDMR.INIT; without handoff data it is refused', () => {
    const swap = `${UP}SHUTDOWN cpu0\nINSTALL cpu0\nINSTALL cpu1\nSYS_INIT cpu0\nLP_INIT cpu0\nLP_INIT cpu1\nUPDATE cpu0\nTDMR_INIT cpu0`;
    const lines = seam(swap).slice(5);
    expect(lines.slice(0, -1)).toEqual(lines.slice(0, -1).map((line) => line.replace(/ .*/, ` ${OK}`)));
    // the memory was initialized by the old module
    expect(lines.at(-1)).toBe('TDMR_INIT 00000a03');
    expect(seam(swap, { hardware: 'hardware tdx_handoff_valid=0' }).at(-2)).toBe('UPDATE c0000509');
  });
  it.each([
    ['an MSR that differs', 'hardware cpu1 tdx_odd_msr=59', 'LP_INIT c0000920'],
    ['a CPUID field that differs', 'hardware cpu1 tdx_odd_cpuid=1', 'LP_INIT c0000902'],
    ['SEAM capabilities that will not do', 'hardware cpu1 tdx_odd_seam=1', 'LP_INIT c000050d'],
    ['the highest CPUID leaf is limited', 'hardware cpu1 tdx_cpuid_limited=1', 'LP_INIT c0000901'],
  ])('SYS.LP.INIT row: %s', (_, hardware, status) => {
    expect(last(seam('SYS_INIT cpu0\nLP_INIT cpu1', { hardware }))).toBe(status);
  });
  it.each([
    ['no entropy, and it may be tried again', 'pconfig_fails=1', '80000800'],
    ['busy', 'pconfig_fails=2', '80000200'],
  ])('SYS.KEY.CONFIG row: PCONFIG has %s', (_, wrong, status) => {
    const up = UP.replace('KEY_CONFIG cpu0\n', 'KEY_CONFIG cpu1\nKEY_CONFIG cpu0\nTDMR_INIT cpu0\n');
    // one package: the other CPU of it does what this one could not
    expect(seam(up, { hardware: `hardware cpu1 ${wrong}` }).slice(-3)).toEqual([`KEY_CONFIG ${status}`, `KEY_CONFIG ${OK}`, `TDMR_INIT ${OK}`]); // prettier-ignore
  });
  it.each([
    ['no entropy', 'pconfig_fails=1', '80000800'],
    ['busy', 'pconfig_fails=2', '80000200'],
  ])('MNG.KEY.CONFIG: PCONFIG has %s (tdx 1.5)', (_, wrong, status) => {
    const td = seam(`${UP}TDMR_INIT cpu0\nMNG_CREATE cpu0 td\nMNG_KEY_CONFIG cpu1 td\nMNG_KEY_CONFIG cpu0 td`, { hardware: `hardware cpu1 ${wrong}` }); // prettier-ignore
    expect(td.slice(-2)).toEqual([`MNG_KEY_CONFIG ${status}`, `MNG_KEY_CONFIG ${OK}`]);
  });
  it('SYS.TDMR.INIT row: what is initialized already says so', () => {
    expect(seam(`${UP}TDMR_INIT cpu0\nTDMR_INIT cpu1`).slice(-2)).toEqual([`TDMR_INIT ${OK}`, 'TDMR_INIT 00000a03']);
    // a module that was wiped begins anew
    const again = `${UP}TDMR_INIT cpu0\nDISABLE cpu0\n${UP}TDMR_INIT cpu1`;
    expect(last(seam(again))).toBe(`TDMR_INIT ${OK}`);
  });
  it('SYS.LP.SHUTDOWN row: success, and nothing is different afterwards (module 1.5)', () => {
    expect(seam(`${UP}LP_SHUTDOWN cpu0\nTDMR_INIT cpu0`).slice(-2)).toEqual([`LP_SHUTDOWN ${OK}`, `TDMR_INIT ${OK}`]);
    expect(last(seam('vmx_off cpu0\nLP_SHUTDOWN cpu0'))).toBe('LP_SHUTDOWN 8000ff06');
  });
  it('SYS.LP.INIT row: a ninth package', () => {
    expect(last(seam('SYS_INIT cpu0\nLP_INIT cpu8', { machine: 'cpus 9, packages 9' }))).toBe('LP_INIT c0000906');
  });
  it('"the total is the MCHECK count": a CPU that Linux never brought up fails SYS.CONFIG; not on a relaxed module', () => {
    const hidden = 'hardware cpu2 mcheck_counted=1';
    expect(seam(UP, { hardware: hidden })[3]).toBe('SYS_CONFIG c000050c');
    expect(seam(UP, { hardware: `${hidden}\nhardware tdx_strict=0` })[3]).toBe(`SYS_CONFIG ${OK}`);
  });
});

describe('what a SEAMCALL does on each kind of CPU (tdx 1.7)', () => {
  it('boot-time, LP.INIT done, VMX on: works; LP.INIT again is TDX_SYS_LP_INIT_NOT_PENDING', () => {
    expect(seam(`${UP}TDMR_INIT cpu1\nLP_INIT cpu1`).slice(-2)).toEqual([`TDMR_INIT ${OK}`, 'LP_INIT c000050b']);
  });
  it('boot-time, LP.INIT done, VMX off: #UD', () => {
    expect(last(seam(`${UP}vmx_off cpu1\nTDMR_INIT cpu1`))).toBe('TDMR_INIT 8000ff06');
  });
  it('boot-time, never LP.INITed, strict, before CONFIG: LP.INIT succeeds, the others are TDX_SYS_NOT_READY', () => {
    const early = seam('SYS_INIT cpu0\nTDMR_INIT cpu1\nLP_INIT cpu1');
    expect(early.slice(1)).toEqual(['TDMR_INIT c0000505', `LP_INIT ${OK}`]);
  });
  it('boot-time, never LP.INITed, module ready: a relaxed module takes LP.INIT then', () => {
    const script = UP.replace('LP_INIT cpu1\n', '') + 'LP_INIT cpu1\nTDMR_INIT cpu1';
    expect(seam(script, { hardware: 'hardware tdx_strict=0' }).slice(-2)).toEqual([`LP_INIT ${OK}`, `TDMR_INIT ${OK}`]);
  });
  it('hot-added, SEAMRR not enabled on its core: #GP for LP.INIT and for all others', () => {
    expect(seam(`${UP}hotadd cpu2\n${HOT}LP_INIT cpu2\nTDMR_INIT cpu2`).slice(-2)).toEqual([
      'LP_INIT 8000ff0d',
      'TDMR_INIT 8000ff0d',
    ]);
  });
  it('hot-added, SEAMRR happens to be valid: TDX_SYS_LP_INIT_NOT_PENDING', () => {
    expect(last(seam(`${UP}hotadd cpu2\n${HOT}LP_INIT cpu2`, { hardware: 'hardware cpu2 seamrr_late=1' }))).toBe(
      'LP_INIT c000050b',
    );
  });
  it('hot-added, mixed stepping, state still SYSINIT_DONE: TDX_INCONSISTENT_CPUID_FIELD', () => {
    const hardware = 'hardware cpu2 seamrr_late=1, tdx_odd_cpuid=1';
    expect(last(seam(`SYS_INIT cpu0\nhotadd cpu2\n${HOT}LP_INIT cpu2`, { hardware }))).toBe('LP_INIT c0000902');
  });
  it('any CPU while an update session is open: VMfailInvalid', () => {
    expect(last(seam(`${UP}INSTALL cpu0\nTDMR_INIT cpu1`))).toBe('TDMR_INIT 8000ffff');
  });
});

describe('P-SEAMLDR.INSTALL (tdx 1.1)', () => {
  it('loads with the call of the last counted CPU; the same CPU twice is EBADCALL', () => {
    expect(seam(`${UP}INSTALL cpu0\nINSTALL cpu0\nINSTALL cpu1\nSYS_INIT cpu0`).slice(5)).toEqual([
      `INSTALL ${OK}`, 'INSTALL 80000000', `INSTALL ${OK}`, `SYS_INIT ${OK}`,
    ]); // prettier-ignore
  });
});

const TD = `${UP}MNG_CREATE cpu0, td\nMNG_KEY_CONFIG cpu0, td\nMNG_ADDCX cpu0, td\nMNG_INIT cpu0, td\n`;
const RUNS = `${TD}VP_CREATE cpu0, td.vcpu0\nVP_INIT cpu0, td.vcpu0\nMR_FINALIZE cpu0, td\n`;

describe('the life of a TD (tdx 1.5)', () => {
  it('a second TD with the same HKID is refused', () => {
    expect(last(seam(`${TD}MNG_CREATE cpu0, td`))).toBe('MNG_CREATE c0000820');
  });
  it('the key is wanted on every package: the next leaf says so; twice on one is TDX_KEY_CONFIGURED', () => {
    const two = UP.replace('LP_INIT cpu1\n', 'LP_INIT cpu1\nLP_INIT cpu2\nLP_INIT cpu3\n') + 'KEY_CONFIG cpu2\nMNG_CREATE cpu0, td\nMNG_KEY_CONFIG cpu0, td\n'; // prettier-ignore
    const machine = 'cpus 4, packages 2';
    expect(last(seam(`${two}MNG_ADDCX cpu0, td`, { machine }))).toBe('MNG_ADDCX 80000810');
    expect(last(seam(`${two}MNG_KEY_CONFIG cpu1, td`, { machine }))).toBe('MNG_KEY_CONFIG 00000815');
    expect(last(seam(`${two}MNG_KEY_CONFIG cpu2, td\nMNG_ADDCX cpu0, td`, { machine }))).toBe(`MNG_ADDCX ${OK}`);
  });
  it('ends: flush of every vCPU, VPFLUSHDONE, CACHE.WB per package, FREEID, the pages', () => {
    expect(seam(`${RUNS}VPFLUSHDONE cpu0, td`).at(-1)).toBe('VPFLUSHDONE 80000824');
    expect(seam(`${RUNS}VP_FLUSH cpu0, td.vcpu0\nVPFLUSHDONE cpu0, td\nFREEID cpu0, td`).slice(-2)).toEqual([
      `VPFLUSHDONE ${OK}`, 'FREEID 80000817',
    ]); // prettier-ignore
    const end = `${RUNS}VP_FLUSH cpu0, td.vcpu0\nVPFLUSHDONE cpu0, td\nCACHE_WB cpu1\nCACHE_WB cpu0\nFREEID cpu0, td\nRECLAIM cpu1, td`;
    expect(seam(end).slice(-4)).toEqual([`CACHE_WB ${OK}`, 'CACHE_WB 00000821', `FREEID ${OK}`, `RECLAIM ${OK}`]);
  });
});

describe('a vCPU and the CPU that it is associated with (tdx 1.6)', () => {
  it.each([
    [
      'VP.ENTER takes a free one, and then only there',
      `${RUNS}VP_FLUSH cpu0, td.vcpu0\nVP_ENTER cpu1, td.vcpu0\nVP_ENTER cpu1, td.vcpu0\nVP_ENTER cpu0, td.vcpu0`,
      [`VP_ENTER ${OK}`, `VP_ENTER ${OK}`, 'VP_ENTER 80000701'],
    ],
    [
      'VP.ENTER of a vCPU without VP.INIT',
      `${RUNS}VP_CREATE cpu0, td.vcpu1\nVP_ENTER cpu0, td.vcpu1`,
      ['VP_ENTER c0000700'],
    ],
    [
      'VP.FLUSH elsewhere, and of one that is nowhere',
      `${RUNS}VP_FLUSH cpu1, td.vcpu0\nVP_FLUSH cpu0, td.vcpu0\nVP_FLUSH cpu0, td.vcpu0`,
      ['VP_FLUSH 80000702', `VP_FLUSH ${OK}`, 'VP_FLUSH 80000702'],
    ],
  ])('%s', (_, script, statuses) => {
    expect(seam(script).slice(-statuses.length)).toEqual(statuses);
  });
});
