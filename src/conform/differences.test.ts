/** Each kind of difference is found, and at its place: captures that agree, with one thing changed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadKernelTexts } from '../kernels/index';
import { conform } from './conform';
import { ConformInputError } from './files';
import type { Difference } from './report';
import { firstLine, readCapture, type Changes } from './testing/captures';

beforeAll(() => loadKernelTexts());

async function first(name: string, changes: Changes): Promise<Difference> {
  const { report } = conform(await readCapture(name, changes));
  expect(report.agrees).toBe(false);
  return report.differences[0]!;
}

const replaced = (file: string, from: string | RegExp, to: string): Changes => ({
  files: {
    [file]: (text) => {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      return changed;
    },
  },
});

describe('lines of the trace', () => {
  it('another return value of a callback', async () => {
    const trace = firstLine(/cpuhp\/1-.*cpuhp_exit.*step: 197 ret: 0/, (l) => l.replace('ret: 0', 'ret: -11'));
    const d = await first('6.1/v2c', { trace });
    expect(trace.done()).toBe(true);
    expect([d.category, d.what, d.cpu]).toEqual(['callbacks', 'another ret', 1]);
    expect(d.kernel).toContain('step: 197 ret: -11');
    expect(d.model).toContain('step: 197 ret: 0');
    expect(d.at).toMatch(/^trace\.txt\.gz:\d+$/);
  });

  it('another target, state, or function of a callback', async () => {
    const target = firstLine(/cpuhp_enter.*target: 153/, (l) => l.replace('target: 153', 'target:   0'));
    expect((await first('6.1/v2c', { trace: target })).what).toBe('another target');
    const state = firstLine(/cpuhp_exit.*state: 196 step: 197/, (l) => l.replace('state: 196', 'state: 195'));
    expect((await first('6.1/v2c', { trace: state })).what).toBe('another state');
    const fn = firstLine(/workqueue_offline_cpu/, (l) => l.replace('workqueue_offline_cpu', 'workqueue_online_cpu'));
    expect((await first('6.1/v2c', { trace: fn })).what).toBe('another callback');
  });

  it('a callback that is missing', async () => {
    const d = await first('6.1/v2c', {
      trace: (l) => (/workqueue_offline_cpu|state: 196 step: 197/.test(l) ? null : l),
    });
    expect(d.category).toBe('callbacks');
    expect(d.model).toContain('workqueue_offline_cpu');
  });

  it('a callback in another context, or on another CPU', async () => {
    const who = firstLine(/cpuhp\/1-.*cpuhp_enter.*step: 197/, (l) => l.replace(/cpuhp\/1-\d+/, 'kworker/0:0-9'));
    expect((await first('6.1/v2c', { trace: who })).category).toBe('callbacks');
    const where = firstLine(/cpuhp\/1-.*cpuhp_enter.*step: 197/, (l) => l.replace('[001]', '[000]'));
    const d = await first('6.1/v2c', { trace: where });
    expect([d.category, d.what]).toEqual(['contexts', 'another CPU that runs it']);
  });

  it('another value from a return probe, and a function that is not entered', async () => {
    const ret = firstLine(/kvm_arch_hardware_enable_ret.*ret=0xfffffffb|kvm_arch_hardware_enable_ret.*ret=-5/, (l) =>
      l.replace(/ret=\S+/, 'ret=0'),
    );
    const d = await first('6.1/v2c', { trace: ret });
    expect(ret.done()).toBe(true);
    expect([d.category, d.what]).toEqual(['returns', 'another return value']);
    const entered = firstLine(/hardware_enable_nolock <-/, () => null);
    const gone = await first('6.1/s2', { trace: entered });
    expect(entered.done()).toBe(true);
    expect(gone.category).toBe('functions');
    expect(gone.model).toContain('hardware_enable_nolock');
  });

  it('a CPU whose own threads show nothing', async () => {
    const { report } = conform(await readCapture('6.1/v2c', { trace: (l) => (/cpuhp\/1-/.test(l) ? null : l) }));
    expect(report.differences[0]!.model).toContain('cpuhp/1');
  });

  it('a function that no text has is not modelled, and said once', async () => {
    const trace = firstLine(/takedown_cpu <-/, (l) => l.replace('takedown_cpu', 'no_such_function'));
    const { report } = conform(await readCapture('6.1/s2', { trace }));
    expect(trace.done()).toBe(true);
    expect(report.differences.filter((d) => d.what.includes('no_such_function'))).toHaveLength(1);
  });
});

describe('what was done and seen', () => {
  it('another errno', async () => {
    const d = await first('7.3/s2', replaced('capture.json', /("do": "online",\s+"cpu": 4,\s+"result": )-5/, '$1-16'));
    expect([d.category, d.kernel, d.model]).toEqual(['results', '-16', '-5']);
    expect(d.what).toContain('online cpu4');
  });

  it('another instruction, another caller, another preempt_count of a death', async () => {
    const of = (from: RegExp, to: string): Promise<Difference> => first('6.1/v2', replaced('capture.json', from, to));
    expect((await of(/"instruction": "VMPTRLD"/, '"instruction": "VMREAD"')).what).toBe('another instruction');
    expect((await of(/"caller": "vmx_vcpu_load_vmcs"/, '"caller": "vmx_vcpu_run"')).what).toBe('another caller');
    expect((await of(/"preempt_count": 1/, '"preempt_count": 2')).what).toBe('another preempt_count');
  });

  it('a death that the capture does not tell of', async () => {
    const silent = (t: string): string => {
      const capture = JSON.parse(t) as { observed: { died: unknown[] } };
      capture.observed.died = [];
      return JSON.stringify(capture);
    };
    const { report } = conform(await readCapture('6.1/v2', { files: { 'capture.json': silent } }));
    expect(report.agrees).toBe(false);
    expect(report.differences.map((d) => d.category)).toContain('deaths');
  });

  it('a log line that the model does not print, and one that it prints alone', async () => {
    const alone = await first('6.1/v2', replaced('dmesg.txt', /^.*kvm: enabling virtualization on CPU1 failed\n/m, ''));
    expect([alone.category, alone.model]).toEqual(['log', 'kvm: enabling virtualization on CPU1 failed']);
    const more = await first('6.1/v2', replaced('dmesg.txt', /(\[.*\] smpboot: CPU 1 is now offline\n)/, '$1$1'));
    expect(more.category).toBe('log');
  });

  it('another reading', async () => {
    const d = await first('6.1/v2', replaced('capture.json', /"state": 236,(\s+)"target": 236/, '"state": 235,$1"target": 236')); // prettier-ignore
    expect([d.category, d.kernel, d.model]).toEqual(['readings', '235', '236']);
  });

  it('an action, or an event, that is not known here', async () => {
    const act = await first('6.1/v2', replaced('capture.json', '"do": "guest_spin"', '"do": "shrink"'));
    expect([act.category, act.what]).toEqual(['not modelled', expect.stringContaining('shrink')]);
    const trace = firstLine(/sched_migrate_task/, (l) => l.replace('sched_migrate_task', 'some_event'));
    expect((await first('6.1/v2', { trace })).what).toContain('some_event');
  });

  it('a host that lives where the capture says that it hung', async () => {
    const d = await first('6.1/v2', replaced('capture.json', /"host": "alive"/, '"host": "hung"'));
    expect([d.category, d.kernel, d.model]).toEqual(['end', 'hung', 'alive']);
  });

  it('how often an armed fault struck', async () => {
    const d = await first('6.1/v2', replaced('capture.json', '"hits": 1', '"hits": 2'));
    expect([d.kernel, d.model]).toEqual(['2', '1']);
  });
});

describe('what cannot be used', () => {
  it.each([
    [{ files: { 'capture.json': null } }, 'capture.json: not among the files'],
    [{ files: { 'dmesg.txt': null } }, 'dmesg.txt: not among the files'],
    [{ files: { 'trace-2.txt.gz': null } }, 'trace-2.txt.gz: capture.json names this buffer'],
    [{ files: { 'capture.json': (t: string) => t.slice(0, 500) } }, 'capture.json: no JSON'],
    [
      { files: { 'capture.json': (t: string) => t.replace(/6\.1\.192/g, '3.2.1') } },
      'there is no kernel text for 3.2.1',
    ],
    [{ files: { 'capture.json': (t: string) => t.replace('"booted"', '"boated"') } }, 'capture.json: cpus'],
  ] as [Changes, string][])('%#: says which file and why', async (changes, message) => {
    const failing = readCapture('6.1/v2', changes).then(conform);
    await expect(failing).rejects.toThrow(ConformInputError);
    await expect(readCapture('6.1/v2', changes).then(conform)).rejects.toThrow(message);
  });
});
