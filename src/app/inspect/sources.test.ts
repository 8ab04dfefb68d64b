import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../../kernels/index';
import { galleryText } from '../../litmus/gallery';
import { parseProvenance } from '../../language/provenance';
import { makeRun, type RunView } from '../store/run-view';
import { functionsOf, loreUrl, messagesOf, sourceOf, sourceView, standingOf } from './sources';
import { THREAD } from './thread';

const origin = (source: string, release = '6.12.8') => ({
  name: 'kvm_online_cpu',
  text: 'kvm-e3',
  place: { file: 'kernels/parts/kvm-e3.kern', line: 1, column: 1, length: 1 },
  source,
  provenance: parseProvenance(source),
  release,
});

describe('the source of a function', () => {
  it('is linked at the release that it was read in', () => {
    const view = sourceView(origin('virt/kvm/kvm_main.c:5571; facts 4.3c; captures 6.12/v2'));
    expect(view).toMatchObject({
      standing: 'read',
      ident: { text: 'kvm_online_cpu', url: 'https://elixir.bootlin.com/linux/v6.12.8/A/ident/kvm_online_cpu' },
      file: {
        text: 'virt/kvm/kvm_main.c',
        url: 'https://elixir.bootlin.com/linux/v6.12.8/source/virt/kvm/kvm_main.c#L5571',
      },
      facts: ['4.3c'],
      captures: ['6.12/v2'],
    });
  });

  it('goes by the name that the kernel has for it', () => {
    expect(sourceView(origin('kvm_exit, virt/kvm/kvm_main.c')).ident!.url).toMatch(/\/A\/ident\/kvm_exit$/);
  });

  it('says what was not read', () => {
    expect(sourceView(origin('arch/x86/kvm/x86.c; inferred')).standing).toBe('inferred');
    expect(sourceView(origin('arch/x86/kvm/x86.c; unknown')).standing).toBe('unknown');
    const model = sourceView(origin('model: a VMM with one thread'));
    expect([model.standing, model.file, model.ident]).toEqual(['model', null, null]);
    expect(sourceView(origin('SDM; tdx 1.2; inferred'))).toMatchObject({
      standing: 'inferred',
      document: 'SDM',
      file: null,
      facts: ['tdx 1.2'],
    });
  });

  it('links messages by their ids, whatever signs these hold', () => {
    expect(sourceView(origin('message 5')).messages).toEqual([
      { text: 'message 5', url: 'https://lore.kernel.org/all/YaaDZ%2B84JVoGZhRL%40google.com/' },
    ]);
    expect(decodeURIComponent(loreUrl(THREAD[0]!))).toContain(THREAD[0]);
    expect(sourceView(origin('message 99')).messages).toEqual([]);
  });

  it('of a variable stands in its description', () => {
    expect(standingOf('CR4.VMXE; SDM')).toBe('read');
    expect(standingOf('the relaxed module of tdx 1.3; inferred')).toBe('inferred');
  });
});

describe('what a run rests on', () => {
  let run: RunView;
  beforeAll(async () => {
    await loadKernelTexts();
    const made = makeRun(galleryText('kevin-2021-11-30')!, 'litmus', 'move-to-online');
    if (!made.ok) throw new Error(made.problems[0]!.message);
    run = made.view;
  });

  it('is every function that it was in, callers before what they call', () => {
    const list = functionsOf(run);
    expect(list).toContain('kvm_online_cpu');
    expect(list.indexOf('create_vm')).toBeGreaterThanOrEqual(0);
    expect(list.indexOf('create_vm')).toBeLessThan(list.indexOf('hardware_enable_nolock'));
    expect(new Set(list).size).toBe(list.length);
    expect(list).not.toContain('kvm_starting_cpu');
  });

  it("is a design's message too (thread.md: message 3)", () => {
    expect(sourceOf(run.program, 'kvm_online_cpu')!.messages.map((m) => m.text)).toContain('message 3');
    expect(sourceOf(run.program, 'nosuch')).toBeNull();
    const scenario = makeRun(galleryText('kevin-2021-11-30')!, 'litmus', 'td4-bug-in-sched-in');
    if (!scenario.ok) throw new Error(scenario.problems[0]!.message);
    expect(messagesOf(scenario.view.program)).toContainEqual({ text: 'message 2', url: loreUrl(THREAD[1]!) });
  });
});
