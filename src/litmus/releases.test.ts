/**
 * Distribution releases: the steps that a trace of a whole offline and online shows (FINDINGS section 5, captures s3; of them
 * only a part is in public/captures), and every kernel on both vendors.
 */
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernels/index';
import { galleryText } from './gallery';
import { load } from './load';
import { run } from '../machine/run';
import { ERR, play } from './testing/play';

/** Steps with a cpuhp_enter, as FINDINGS lists them: those of the STARTING section have none, and the top is cpuhp_kick_ap_work. */
const STEPS: Readonly<Record<string, string>> = {
  'v5.10': '1 2 9 11 13 14 15 20 21 22 25 26 27 28 29 30 31 37 38 40 43 44 47 56 59 61 62 65 67 88 147 149 151 155 181 182 183 184 185 186 187 189 190 192 193 194 195 196 197 218 219 220', // prettier-ignore
  'v6.1.192': '1 2 9 11 13 15 16 21 22 23 24 27 28 29 31 32 33 34 40 41 43 46 47 50 59 62 64 65 68 70 91 153 155 156 158 162 196 197 198 199 200 201 202 204 205 207 208 209 210 211 212 234 235 236', // prettier-ignore
  'v6.12.117': '1 2 8 11 13 14 15 20 21 22 23 26 27 28 29 30 31 32 37 38 40 42 43 45 53 56 57 61 62 64 65 85 86 145 148 149 150 151 155 186 187 188 189 190 191 192 193 195 196 198 199 200 201 202 203 234 235 236', // prettier-ignore
  'v6.18.15': '1 7 10 12 13 14 19 20 21 22 25 26 27 28 29 30 31 36 37 39 41 42 44 52 55 59 60 62 63 83 84 145 148 149 150 151 155 186 187 188 189 190 191 192 193 194 196 198 199 200 201 202 203 204 235 236 237', // prettier-ignore
  'v7.3.4': '1 7 10 12 13 14 19 20 21 22 25 26 27 28 29 30 31 35 36 38 40 41 43 51 54 58 59 61 62 63 82 83 142 145 146 147 148 153 184 185 186 187 188 189 190 191 192 194 195 197 198 199 200 201 202 203 233 234 235', // prettier-ignore
};

describe.each(Object.entries(STEPS))('%s', (kernel, steps) => {
  // the TSC of the machine was not constant: x86/kvm/clk:online is there (facts 4.1a2)
  const p = play(kernel, 'amd, cpus 4 + 2 hot-addable, packages 3', 'vmm: modprobe kvm_amd', ' a = create vm', 'admin: offline cpu3 after create vm', ' online cpu3', 'hardware tsc_constant=0'); // prettier-ignore

  it('runs the steps that a trace showed, and no other (FINDINGS section 5)', () => {
    expect(p.results()).toEqual([1, 1]);
    const silent = (state: number): boolean =>
      state >= p.number('CPUHP_AP_IDLE_DEAD') && state < p.number('CPUHP_AP_ONLINE');
    const seen = new Set(p.walk(3).map((s) => Math.abs(parseInt(s))));
    // the event around the kick of the thread has the step of the state before (facts 9.2 rule 3)
    seen.add(p.number('CPUHP_ONLINE'));
    expect([...seen].filter((s) => !silent(s)).sort((a, b) => a - b).join(' ')).toBe(steps); // prettier-ignore
  });

  it('a state with instances runs once for each of them (captures 6.1/s3, 6.12/s3, 7.3/s3)', () => {
    const times = (callback: string): number => {
      const state = p.r.program.states.find((s) => s.up === callback || s.down === callback);
      return state ? p.walk(3).filter((s) => Math.abs(parseInt(s)) === state.number).length : 0;
    };
    expect(times('trace_rb_cpu_prepare')).toBe(3);
    // 6.18: not captured, taken from 6.12 (inferred)
    if (kernel !== 'v6.18.15') expect(times('bio_cpu_dead')).toBe({ 'v5.10': 0, 'v7.3.4': 3 }[kernel] ?? 2);
    expect(times('blk_mq_hctx_notify_online')).toBe(0);
  });
});

it('where one instance fails, those before it are undone (facts 3.2)', () => {
  const p = play('v6.1.192', 'amd, cpus 3', 'admin: offline cpu2', ' online cpu2', 'fault cpu2 zswap_cpu_comp_prepare returns -ENOMEM'); // prettier-ignore
  expect(p.results()).toEqual([1, ERR.NOMEM]);
  const text = (instances: number): string =>
    `kernel own over v6.1.192\nstate CPUHP_MM_ZSWP_POOL_PREPARE times ${instances}\n`;
  const three = load(
    ['litmus t', 'kernel own', 'machine amd, cpus 3', 'admin: offline cpu2', ' online cpu2', 'fault cpu2 zswap_cpu_comp_prepare returns -ENOMEM time 3', ''].join('\n'), // prettier-ignore
    't.litmus',
    { edited: [{ file: 'own.kern', source: text(3) }] },
  );
  if (!three.ok) throw new Error(three.problems[0]!.message);
  const steps = [...run(three.program).history.effects.values()]
    .flat()
    .flatMap((e) => (e.kind === 'callback' && !e.begin && e.state === 65 ? [`${e.up ? '+' : '-'}${e.result}`] : []));
  // down: three; up: two that succeed, the third fails; two are undone
  expect(steps).toEqual(['-0', '-0', '-0', '+0', '+0', `+${ERR.NOMEM}`, '-0', '-0']);
});

/** Texts of the gallery that say nothing that a kernel could lack. */
const PLAIN = ['plain-vm', 'offline-online', 'pinned-cpu-goes'];

describe.each(KERNELS)('%s', (kernel) => {
  it.each(['intel', 'amd'])('on %s: plain texts of the gallery run to their end', (vendor) => {
    for (const name of PLAIN) {
      const text = galleryText(name)!
        .replace(/^(machine\s+)(intel|amd)/m, `$1${vendor}`)
        .replaceAll(/kvm_(intel|amd)/g, `kvm_${vendor}`);
      const loaded = load(text, `${name}.litmus`, { kernel });
      if (!loaded.ok) throw new Error(`${name}: ${loaded.problems[0]!.message}`);
      const r = run(loaded.program, { maxSteps: 50_000 });
      expect([name, r.error?.message ?? '', r.end]).toEqual([name, '', 'quiet']);
    }
  });
});
